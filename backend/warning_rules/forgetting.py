"""Held-out prompts that the policy answered right and does not any more."""

import math

from pydantic import Field

from backend.warning_rules import Finding, WarningEvidence, WarningRule, some


class Forgetting(WarningRule):
    """Held-out accuracy of the checkpoint made less that of the one started from, on the same prompts.

    The interval is that of a difference of paired shares (Agresti 2013, Categorical Data Analysis, section 11.1).
    """

    code = "W40"
    title = "Forgetting"
    source = "Reinforcement Fine-Tuning Naturally Mitigates Forgetting in Continual Post-Training"
    unit = "points"
    measures = "change of the held-out accuracy since the checkpoint that the round started from"
    counts = "held-out prompts that both were measured on"
    way = "Put the metric held_out_accuracy into the recipe, and give the round held-out prompts with known answers."
    is_below = True

    limit: float = Field(-0.02, ge=-1, le=0, description="red where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        ends = [one.get("held_out_accuracy") for one in (evidence.start, evidence.made)]
        told = [one.details for one in ends if one is not None and "right" in one.details]
        if len(told) < 2:
            return Finding()
        old, new = (dict.fromkeys(one["right"], True) | dict.fromkeys(one["wrong"], False) for one in told)
        both = [id_ for id_ in old if id_ in new]
        n = len(both)
        if not n:
            return Finding()
        lost = [id_ for id_ in both if old[id_] and not new[id_]]
        won = sum(new[id_] and not old[id_] for id_ in both)
        change = (won - len(lost)) / n
        half = 1.96 * math.sqrt(max(won + len(lost) - (won - len(lost)) ** 2 / n, 0.0)) / n
        return Finding(change, change - half, change + half, n, prompt_ids=some(lost))
