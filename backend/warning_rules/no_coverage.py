"""Prompts that the policy does not solve in any of its tries."""

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share
from backend.warning_rules._prompts import accepted_of


class NoCoverage(WarningRule):
    """Share of the judged prompts of which the judge accepts no text: training teaches nothing of them."""

    code = "W02"
    title = N_("No coverage")
    source = "Self-Improvement in Language Models: The Sharpening Mechanism"
    measures = N_("share of prompts without an accepted text")
    counts = N_("prompts with a verdict")
    way = "Ask more prompts."
    advice = N_(
        "Take more samples of each prompt, or easier prompts: nothing is learned of a prompt without an accepted text."
    )
    ends = (0.0, 1.0)

    limit: float = Field(0.4, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        counts = accepted_of(evidence.round)
        without = [id_ for id_, count in counts.items() if not count]
        first = {
            group.prompt.id: group.samples[0].id for group in reversed(evidence.round.round_groups) if group.samples
        }
        return share(len(without), len(counts), (first[id_] for id_ in without), without)
