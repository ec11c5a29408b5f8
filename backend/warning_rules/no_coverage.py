"""Prompts that the policy does not solve in any of its tries."""

from pydantic import Field

from backend.values import Verdict
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share


class NoCoverage(WarningRule):
    """Share of the judged prompts of which the judge accepts no text: training teaches nothing of them."""

    code = "W02"
    title = "No coverage"
    source = "Self-Improvement in Language Models: The Sharpening Mechanism"
    measures = "share of prompts without an accepted text"
    counts = "prompts with a verdict"
    way = "Ask more prompts."

    limit: float = Field(0.4, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        said = [
            (group, [evidence.round.machine.get(one.id, (None, None))[1] for one in group.samples])
            for group in evidence.round.round_groups
        ]
        judged = [(group, verdicts) for group, verdicts in said if any(one is not None for one in verdicts)]
        without = [group for group, verdicts in judged if Verdict.accept not in verdicts]
        ids = (group.samples[0].id for group in without)
        return share(len(without), len(judged), ids, (group.prompt.id for group in without))
