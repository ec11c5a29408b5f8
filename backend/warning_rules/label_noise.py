"""Verdicts against what is known to be right."""

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share
from backend.warning_rules._labels import KNOWN, WAY, labelled


class LabelNoise(WarningRule):
    """Share of the judge's verdicts that are not what is known to be right."""

    code = "W35"
    title = N_("Labels are noisy")
    source = "Understanding Self-Distillation in the Presence of Label Noise"
    measures = N_("share of the judge's verdicts that are wrong")
    counts = KNOWN
    way = WAY
    advice = N_("Raise the judge's votes or its cut, take another judge or template, or let people review more.")
    ends = (0.0, 1.0)
    explained_by = ("position_bias", "no_separation", "length_bias", "reward_hacking")

    limit: float = Field(0.20, ge=0, le=1, description="red where the whole interval lies above it")
    amber: float | None = Field(0.10, ge=0, le=1, description="amber where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = list(labelled(evidence))
        wrong = [sample.id for _, sample, is_accepted, is_right in known if is_accepted is not is_right]
        return share(len(wrong), len(known), wrong)
