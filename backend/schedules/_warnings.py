"""What the metrics of a line of rounds warn of. The limits are proposals of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from backend.schedules import History

Against = Literal["itself", "first", "best", "best less"]
_IN_WORDS = {
    "itself": "{limit:g}",
    "first": "{limit:g} times the {other:.4g} of the first round that measured it",
    "best": "{limit:g} times the best so far, {other:.4g}",
    "best less": "the best so far, {other:.4g}, less {limit:g}",
}


@dataclass(frozen=True)
class MetricRule:
    """The newest value of a metric, below or above a number that follows from the limit and the values before.

    against: what the limit is a share of, or less than; `itself`: the limit is the number. also: another metric, and
    what has to hold of its first and its newest value.
    """

    metric: str
    limit: float
    against: Against
    is_above: bool = False
    also: tuple[str, Callable[[float, float], bool]] | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric, *([self.also[0]] if self.also else []))

    def holds(self, history: History, limit: float) -> bool:
        """Whether it warns of the newest round; never where that has not measured the metric."""
        newest = _value(history, -1, self.metric)
        bound = self.bound(history, limit)
        if newest is None or bound is None:
            return False
        is_bad = newest > bound if self.is_above else newest < bound
        return is_bad and self._other_holds(history)

    def bound(self, history: History, limit: float) -> float | None:
        """The number that the newest value is compared with; None where no round before measured it."""
        before = [value for metrics in history[:-1] if (value := metrics.get(self.metric)) is not None]
        if self.against == "itself":
            return limit
        if not before:
            return None
        other = before[0] if self.against == "first" else max(before)
        # Rounded, so that a value that is exactly at the limit is not beyond it.
        return round(other - limit if self.against == "best less" else limit * other, 9)

    def explanation(self, history: History, limit: float) -> str:
        """What was compared, in words."""
        before = [value for metrics in history[:-1] if (value := metrics.get(self.metric)) is not None]
        other = (before[0] if self.against == "first" else max(before)) if before else 0.0
        newest = _value(history, -1, self.metric)
        how = "above" if self.is_above else "below"
        return f"{self.metric} is {newest:.4g}, {how} {_IN_WORDS[self.against].format(limit=limit, other=other)}."

    def _other_holds(self, history: History) -> bool:
        if self.also is None:
            return True
        name, condition = self.also
        known = [value for metrics in history[:-1] if (value := metrics.get(name)) is not None]
        newest = _value(history, -1, name)
        return bool(known) and newest is not None and condition(known[0], newest)


def _value(history: History, place: int, metric: str) -> float | None:
    return history[place].get(metric) if history else None


def _has_grown(first: float, newest: float) -> bool:
    return newest > first


def _has_not_grown(first: float, newest: float) -> bool:
    return newest <= first


WARNINGS = {
    "accuracy_fell": MetricRule("held_out_accuracy", 0.05, "best less"),
    "balance_lost": MetricRule("balance_score", 0.8, "best"),
    "cannot_be_told_apart": MetricRule("two_sample_accuracy", 0.55, "itself"),
    "diversity_fell": MetricRule("distinct_2", 0.7, "first"),
    "judge_decayed": MetricRule("judge_accuracy_people", 0.05, "best less"),
    "longer_without_gain": MetricRule(
        "mean_tokens", 1.5, "first", is_above=True, also=("held_out_accuracy", _has_not_grown)
    ),
    "pair_gap_fell": MetricRule("pair_distance", 0.5, "first"),
    "sharpening_only": MetricRule("pass_at_8", 0.02, "best less", also=("held_out_accuracy", _has_grown)),
}
"""By name; see `StopOnWarning`."""
