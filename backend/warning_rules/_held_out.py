"""How the held-out accuracy changed, prompt by prompt."""

from collections.abc import Collection
from dataclasses import dataclass

from backend.differences import Difference, of_shares
from backend.warning_rules import WarningEvidence


@dataclass(frozen=True)
class AccuracyChange:
    """A difference of two accuracies on the same prompts, and the prompts that were lost."""

    gap: Difference
    lost: tuple[int, ...]

    def is_below(self, limit: float) -> bool:
        """Whether all of its interval lies below the limit; where it has none (fewer than 30 prompts), whether the
        difference does, and McNemar's exact test leaves it not to chance."""
        if self.gap.low is None or self.gap.high is None:
            return self.gap.is_worse and (self.gap.value or 0.0) < limit
        return self.gap.high < limit


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
        return AccuracyChange(gap, lost)


def answered(evidence: WarningEvidence) -> Answered | None:
    """Return what both checkpoints answer right; None where one does not say it of each prompt."""
    ends = [metric.get("held_out_accuracy") for metric in (evidence.start, evidence.trained)]
    details = [metric.details for metric in ends if metric is not None and "right" in metric.details]
    if len(details) < 2:
        return None
    old, new = (dict.fromkeys(detail["right"], True) | dict.fromkeys(detail["wrong"], False) for detail in details)
    return Answered({id_: old[id_] for id_ in old if id_ in new}, {id_: new[id_] for id_ in old if id_ in new})


def change(evidence: WarningEvidence) -> AccuracyChange | None:
    """Return how the accuracy of the checkpoint made differs from that of the one started from; None where that is not
    known of each prompt, or they share none."""
    both = answered(evidence)
    return None if both is None else both.change()
