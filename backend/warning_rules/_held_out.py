"""How the held-out accuracy changed, prompt by prompt."""

from collections.abc import Collection
from dataclasses import dataclass

from backend.differences import CHANCE, Difference, of_shares
from backend.warning_rules import WarningEvidence


@dataclass(frozen=True)
class AccuracyChange:
    """A difference of two accuracies on the same `n` prompts with its 95 % interval, and the prompts that were lost.

    Where no interval can be drawn (fewer than 30 prompts, or all the same), it reaches from the difference to 0, or
    only holds the difference where McNemar's exact test leaves it not to chance.
    """

    value: float
    low: float
    high: float
    n: int
    lost: tuple[int, ...]
    old: float
    new: float


@dataclass(frozen=True)
class Answered:
    """What the checkpoint started from and the one made answer right, of the prompts that both were measured on."""

    old: dict[int, bool]
    new: dict[int, bool]

    def change(self, ids: Collection[int] | None = None, *, times: int = 1) -> AccuracyChange | None:
        """How the accuracy differs on these prompts, all by default; None where there are none.

        `times`: one of so many such changes that are looked at together (Bonferroni).
        """
        both = [id_ for id_ in self.old if ids is None or id_ in ids]
        if not both:
            return None
        lost = tuple(id_ for id_ in both if self.old[id_] and not self.new[id_])
        won = sum(self.new[id_] and not self.old[id_] for id_ in both)
        gap = of_shares(len(both), sum(self.old[id_] for id_ in both), won, len(lost), times=times)
        value = gap.value or 0.0
        low, high = _ends(gap)
        return AccuracyChange(value, low, high, gap.n, lost, gap.old or 0.0, gap.new or 0.0)


def _ends(gap: Difference) -> tuple[float, float]:
    value = gap.value or 0.0
    if gap.low is not None and gap.high is not None:
        return gap.low, gap.high
    is_chance = gap.p is None or gap.p >= CHANCE
    return (min(value, 0.0), max(value, 0.0)) if is_chance else (value, value)


def answered(evidence: WarningEvidence) -> Answered | None:
    """Return what both checkpoints answer right; None where one does not say it of each prompt."""
    ends = [one.get("held_out_accuracy") for one in (evidence.start, evidence.trained)]
    told = [one.details for one in ends if one is not None and "right" in one.details]
    if len(told) < 2:
        return None
    old, new = (dict.fromkeys(one["right"], True) | dict.fromkeys(one["wrong"], False) for one in told)
    return Answered({id_: old[id_] for id_ in old if id_ in new}, {id_: new[id_] for id_ in old if id_ in new})


def change(evidence: WarningEvidence) -> AccuracyChange | None:
    """Return how the accuracy of the checkpoint made differs from that of the one started from; None where that is not
    known of each prompt, or they share none."""
    both = answered(evidence)
    return None if both is None else both.change()
