"""A policy that gives one answer everywhere."""

from collections import Counter

from pydantic import Field

from backend.metrics._intervals import wilson
from backend.sameness import normal
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some


class VoteCollapse(WarningRule):
    """Share of the prompts that the most frequent text answers, less the share that has the most frequent known answer.

    A text answers a prompt where more of its texts say it than say anything else. Where many prompts have the same
    right answer, the same text is right to many. Blanks and case do not count.
    """

    code = "W15"
    title = "Vote collapse"
    source = "Can Large Reasoning Models Self-Train?, arXiv 2505.21444; SeRL, arXiv 2505.20347"
    measures = "share of prompts with one and the same answer, beyond what their known answers have in common"
    counts = "prompts with a known answer"
    way = "Give prompts known answers."

    limit: float = Field(0.05, ge=0, le=1, description="red where the whole interval lies above it")
    stops: bool = Field(True, description="rounds that follow by themselves stop while it is red")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [one for one in evidence.round.round_groups if one.samples and one.prompt.answer is not None]
        n = len(groups)
        if not n:
            return Finding()
        said = [Counter(normal(one.said) for one in group.samples).most_common(1)[0][0] for group in groups]
        text, number = Counter(said).most_common(1)[0]
        usual = Counter(normal(group.prompt.answer or "") for group in groups).most_common(1)[0][1] / n
        low, high = wilson(number, n)
        ids = (group.samples[0].id for group, one in zip(groups, said, strict=True) if one == text)
        return Finding(number / n - usual, low - usual, high - usual, n, sample_ids=some(ids) if number > 1 else ())
