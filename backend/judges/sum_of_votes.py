"""Judge texts by several judgments of all of them: the sum of what the best of these judgments give each."""

import math
from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.judges._compared import in_order, scores_in
from backend.judges._of_parents import ParentVerifier
from backend.values import Group, Judgment, Sample, Verdict


class SumOfVotes(ParentVerifier):
    """The score of each text of a group is the sum of the numbers that the kept judgments state for it.

    Scaling at inference of DeepSeek-GRM (Liu et al. 2025, arXiv 2504.02495): k judgments are sampled, a scorer of
    judgments (the meta reward model) rates each, and the best half of them are summed. The judgments answer the
    questions of `compare_all`; their labels are that scorer's, and without such labels `keep` has to be 1. A judgment
    that states no score for each text is not kept. A text is accepted where no other one of its group has a higher sum.
    """

    keep: float = Field(
        0.5, gt=0, le=1, description="share of the judgments that is summed, those of the highest score, rounded up"
    )

    @property
    def judges_siblings(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups if group.about for judgment in self._judge(group)]

    def _judge(self, group: Group) -> list[Judgment]:
        texts = in_order(group.prompt.id, group.about)
        kept = self._kept(group.samples, len(texts))
        sums = [sum(scores[n] for scores in kept) for n in range(len(texts))] if kept else []
        reason = f"The sum of {len(kept)} of {len(group.samples)} judgments."
        return [
            self._one(text, float(sums[n]) if sums else None, max(sums, default=0), reason)
            for n, text in enumerate(texts)
        ]

    def _kept(self, judgments: Sequence[Sample], count: int) -> list[list[int]]:
        """The stated scores of the judgments that count."""
        read = [(judgment, scores) for judgment in judgments if (scores := scores_in(judgment, count)) is not None]
        if self.keep < 1:
            read = [(reply, scores) for reply, scores in read if reply.score is not None]
            read.sort(key=lambda each: -(each[0].score or 0.0))  # stably: of equals the first ones are kept
        return [scores for _, scores in read[: math.ceil(self.keep * len(judgments) - 1e-9)]]

    def _one(self, text: Sample, score: float | None, highest: float, reason: str) -> Judgment:
        verdict = None if score is None else Verdict.accept if score >= highest else Verdict.reject
        return Judgment(text.id, str(self.name), 0, score, verdict, reason, "")

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        return (judgments[0].score, judgments[0].verdict) if judgments else (None, None)
