"""How the held-out accuracy changed, prompt by prompt."""

import math
from dataclasses import dataclass

from backend.metrics._intervals import mcnemar
from backend.warning_rules import WarningEvidence


@dataclass(frozen=True)
class AccuracyChange:
    """A difference of two accuracies on the same `n` prompts with its 95 % interval, and the prompts that were lost."""

    value: float
    low: float
    high: float
    n: int
    lost: tuple[int, ...]


def change(evidence: WarningEvidence) -> AccuracyChange | None:
    """Return how the accuracy of the checkpoint made differs from that of the one started from.

    None where one of them does not say of each prompt whether it was right, or they share none. The interval is that of
    a difference of paired shares (Agresti 2013, Categorical Data Analysis, section 11.1). That is too narrow for few
    prompts that changed: where McNemar's exact test leaves the change to chance (p of 0.05 or more), it reaches 0.
    """
    ends = [one.get("held_out_accuracy") for one in (evidence.start, evidence.trained)]
    told = [one.details for one in ends if one is not None and "right" in one.details]
    if len(told) < 2:
        return None
    old, new = (dict.fromkeys(one["right"], True) | dict.fromkeys(one["wrong"], False) for one in told)
    both = [id_ for id_ in old if id_ in new]
    n = len(both)
    if not n:
        return None
    lost = tuple(id_ for id_ in both if old[id_] and not new[id_])
    won = sum(new[id_] and not old[id_] for id_ in both)
    value = (won - len(lost)) / n
    half = 1.96 * math.sqrt(max(won + len(lost) - (won - len(lost)) ** 2 / n, 0.0)) / n
    low, high = value - half, value + half
    if mcnemar(won, len(lost)) >= 0.05:
        low, high = min(low, 0.0), max(high, 0.0)
    return AccuracyChange(value, low, high, n, lost)
