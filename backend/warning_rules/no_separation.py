"""Scores that do not tell texts apart."""

from pydantic import Field

from backend.translations import N_
from backend.values import Group
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share

BY_NATURE = "The judge gives two scores, which tie by nature, and training needs none to differ."


class NoSeparation(WarningRule):
    """Share of groups of which all texts have the same score.

    Looked at are groups of two scored texts or more that differ; where it is known which texts are right, only those
    with right and wrong ones, between which a score has to tell. Where a judge gives two scores, which tie by nature,
    and training needs none to differ, no others are looked at.
    """

    code = "W07"
    title = N_("The reward stops separating")
    source = "Reward Design for Reinforcement Learning Agents; B-STaR, arXiv 2412.17256"
    measures = N_("share of groups whose texts all have the same score")
    counts = N_("groups of different texts with scores")
    way = "Ask more prompts, with two samples or more each, and have them judged."
    advice = N_("Take a finer scale, several votes or another judge: texts with the same score teach no difference.")
    ends = (0.0, 1.0)
    explained_by = ("position_bias", "reward_hacking")

    limit: float = Field(0.6, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [group for group in evidence.round.round_groups if len(_texts(group)) > 1]
        scored = [(group, self._scores(group, evidence)) for group in groups]
        is_natural = not evidence.needs_differences and len({score for _, scores in scored for score in scores}) == 2
        scored = [
            (group, scores)
            for group, scores in scored
            if len(scores) > 1 and self._counts(group, evidence, is_natural=is_natural)
        ]
        if is_natural and not scored:
            return Finding(missing=BY_NATURE)
        flat = [group for group, scores in scored if len(set(scores)) == 1]
        return share(len(flat), len(scored), (group.samples[0].id for group in flat))

    def _scores(self, group: Group, evidence: WarningEvidence) -> list[float]:
        scores = (evidence.round.machine.get(sample.id, (None, None))[0] for sample in group.samples)
        return [score for score in scores if score is not None]

    def _counts(self, group: Group, evidence: WarningEvidence, *, is_natural: bool) -> bool:
        """Whether a score has to tell its texts apart: those that are right and wrong, or may be."""
        known = {evidence.truth.get(sample.id) for sample in group.samples}
        return known >= {True, False} if is_natural else None in known or len(known) > 1


def _texts(group: Group) -> set[str]:
    return {" ".join(sample.full_text.split()) for sample in group.samples}
