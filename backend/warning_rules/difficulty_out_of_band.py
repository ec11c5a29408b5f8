"""Prompts that are too easy or too hard to learn from by reward."""

from pydantic import Field

from backend.translations import N_
from backend.values import Group
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share


class DifficultyOutOfBand(WarningRule):
    """Share of the prompts of which fewer than a fifth or more than four fifths of the texts are right.

    Told only where the recipe trains by reinforcement learning, which learns from what differs within a group.
    """

    code = "W10"
    title = N_("Difficulty out of band")
    source = "SeRL, arXiv 2505.20347; Reward Design for Reinforcement Learning Agents"
    measures = N_("share of prompts of which nearly no or nearly every text is right")
    counts = N_("prompts with two texts or more of which it is known whether they are right")
    way = "Give prompts known answers, and sample two texts or more of each."
    advice = N_(
        "Leave out prompts that are nearly always or never solved, as the mixer difficulty_band does, and add others."
    )
    ends = (0.0, 1.0)

    limit: float = Field(0.5, ge=0, le=1, description="red where the whole interval lies above it")
    lowest: float = Field(0.2, ge=0, le=1, description="lowest share of right texts within the band")
    highest: float = Field(0.8, ge=0, le=1, description="highest share of right texts within the band")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = [(group, rate) for group in evidence.round.round_groups if (rate := _rate(group, evidence)) is not None]
        if known and not evidence.is_online:
            return Finding(n=len(known), missing="The recipe trains by no reinforcement learning.")
        out = [group for group, rate in known if not self.lowest <= rate <= self.highest]
        return share(len(out), len(known), (), (group.prompt.id for group in out))


def _rate(group: Group, evidence: WarningEvidence) -> float | None:
    known = [evidence.truth[sample.id] for sample in group.samples if sample.id in evidence.truth]
    return sum(known) / len(known) if len(known) > 1 else None
