"""Held-out prompts that the policy answered right and does not any more."""

from pydantic import Field

from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._held_out import change


class Forgetting(WarningRule):
    """Held-out accuracy of the checkpoint made less that of the one started from, on the same prompts.

    The interval is that of a difference of paired shares (Agresti 2013, Categorical Data Analysis, section 11.1), and
    reaches 0 where McNemar's exact test leaves the change to chance.
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
        finding = change(evidence)
        if finding is None:
            return Finding()
        return Finding(finding.value, finding.low, finding.high, finding.n, prompt_ids=some(finding.lost))
