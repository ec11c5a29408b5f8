"""Accept the texts after which a model could give the known answer: no token of it is out of reach."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from backend.judges.reference_likelihood import ReferenceLikelihood, _Case
from backend.values import Judgment, Verdict


class ReachableAnswer(ReferenceLikelihood):
    """The score of `reference_likelihood` (r3), and a verdict of its own: accept where the hard tokens are in reach.

    Hard are the tokens of the known answer whose weight is at least the mean, so those on which the prompt's samples
    differ; without weights all are. One is in reach if its probability is at least 1 / `top_k`, since it is then among
    the `top_k` likeliest. A prompt of which no sample is accepted is one that direct reasoning optimization leaves out
    (Xu et al. 2025, arXiv 2506.13351): it looks at ranks themselves, so the bound here leaves out more.
    """

    form: Literal["plain", "information_gain", "r3"] = Field("r3", description="the score, as of reference_likelihood")
    top_k: int = Field(10, ge=1, description="ranks that are in reach: a probability of at least 1 / top_k")
    accept_at: float = Field(0.0, description="of no use: the verdict follows from the hard tokens")

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        """Take the one judgment as it is: its verdict does not follow from its score."""
        return (judgments[0].score, judgments[0].verdict) if judgments else (None, None)

    def _case(self, case: _Case, weights: Sequence[float] | None) -> Judgment:
        judgment = super()._case(case, weights)
        if judgment.score is None:
            return judgment
        known = case.given.logprobs
        hard = [
            logprob for logprob, weight in zip(known, weights or [1.0] * len(known), strict=True) if weight >= 1 - 1e-9
        ]
        lowest = math.exp(min(hard))
        verdict = Verdict.accept if lowest >= 1 / self.top_k - 1e-9 else Verdict.reject
        reason = f"{judgment.rationale} The least likely hard token has {lowest:.3g}."
        return replace(judgment, verdict=verdict, rationale=reason)
