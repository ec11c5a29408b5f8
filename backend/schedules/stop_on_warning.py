"""Let no round follow by itself once what was measured says that something goes wrong."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.schedules import Changes, History, Schedule, TryOut
from backend.schedules._warnings import WARNINGS, MetricRule

Warned = Literal[
    "accuracy_fell",
    "balance_lost",
    "cannot_be_told_apart",
    "diversity_fell",
    "judge_decayed",
    "longer_without_gain",
    "pair_gap_fell",
    "sharpening_only",
]


class StopOnWarning(Schedule):
    """Change nothing; end rounds that follow each other by themselves when a warning holds for `patience` rounds.

    A warning compares metrics of the rounds so far, which the recipe has to measure. Nothing is deleted, and a person
    may launch the next round all the same. What rounds before the first one of the line measured counts as well.
    `limits` sets other limits than the usual ones, which are proposals of ours and not the papers':

    - accuracy_fell: held_out_accuracy below its best less 0.05
    - balance_lost: balance_score below 0.8 of its best
    - cannot_be_told_apart: two_sample_accuracy below 0.55, where own texts cannot be told from the data
    - diversity_fell: distinct_2 below 0.7 of the first round's
    - judge_decayed: judge_accuracy_people below its best less 0.05
    - longer_without_gain: mean_tokens above 1.5 of the first round's, and held_out_accuracy not above the first one's
    - pair_gap_fell: pair_distance below 0.5 of the first round's
    - sharpening_only: pass_at_8 below its best less 0.02, and held_out_accuracy above the first round's
    """

    warnings: tuple[Warned, ...] = Field(("accuracy_fell",), min_length=1, description="what ends the line")
    patience: int = Field(1, ge=1, le=100, description="rounds in a row in which a warning has to hold")
    limits: dict[Warned, float] = Field({}, description="other limits, by the name of the warning")

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for warning in self.warnings for name in WARNINGS[warning].metrics))

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        return {}

    def stops(self, history: History) -> str | None:
        for name in self.warnings:
            rule = WARNINGS[name]
            limit = self.limits.get(name, rule.limit)
            if len(history) >= self.patience and self._holds(rule, history, limit):
                times = f", {self.patience} rounds in a row" if self.patience > 1 else ""
                return f"The warning {name} holds{times}: {rule.explanation(history, limit)}"
        return None

    def _holds(self, rule: MetricRule, history: History, limit: float) -> bool:
        """Whether the warning holds in each of the last rounds, seen from that round."""
        ends: Sequence[int] = range(len(history) - self.patience + 1, len(history) + 1)
        return all(rule.holds(history[:end], limit) for end in ends)
