"""Corrections that break more than they fix."""

import math

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule


class CorrectionBreaks(WarningRule):
    """Share of chains that a correction broke, less the share that it fixed."""

    code = "W27"
    title = N_("Correction breaks more than it fixes")
    source = "Confidence v.s. Critique: A Decomposition of Self-Correction Capability, arXiv 2412.19513"
    unit = N_("points")
    measures = N_("share of chains that were broken, less the share that were fixed")
    counts = N_("chains of a draft and its correction")
    way = "Put the metric correction_flips into the recipe, and give prompts known answers."
    advice = N_("Correct only what the judge rejects, or train on the drafts.")
    ends = (-1.0, 1.0)

    limit: float = Field(0.0, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        broken, fixed = (evidence.of_round.get(f"correction_{name}") for name in ("broken", "fixed"))
        if broken is None or fixed is None or broken.value is None or fixed.value is None:
            return Finding(missing=f"The metric correction_flips is not known of this round. {self.way}")
        change, n = broken.value - fixed.value, broken.n
        # The standard error of a difference of two shares of the same chains (Agresti 2013, section 11.1).
        half = 1.96 * math.sqrt(max(broken.value + fixed.value - change**2, 0.0) / n)
        return Finding(change, change - half, change + half, n)
