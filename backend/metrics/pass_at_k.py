"""Whether one of k sampled answers is right."""

import math
from typing import Self

from pydantic import Field, model_validator

from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import shares
from backend.metrics._verify import Computing, answered, is_unreadable, verdicts
from backend.values import MetricValue, Verdict


def estimate(n: int, c: int, k: int) -> float:
    """Return 1 - C(n-c, k)/C(n, k): the unbiased estimate of pass@k from n samples, c of them right.

    Chen et al. 2021, arXiv 2107.03374, equation 1, in the product form of their figure 3.
    """
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


class PassAtK(Metric):
    """Mean over held-out prompts of the chance that one of k samples at temperature 1 is right.

    The interval is Wilson's over prompts. A prompt without samples counts as never right, and an answer that cannot
    be read as wrong; prompts with fewer
    than k samples, or of which the verifier cannot tell, are left out and counted.
    """

    k: int = Field(8, ge=1, description="samples that may be tried")
    n: int = Field(8, ge=1, le=1024, description="samples drawn for the estimate; more than k makes it steadier")
    verifier: Computing = Field(default_factory=ExactMatch, description="judge that computes what is right")

    @model_validator(mode="after")
    def _has_enough(self) -> Self:
        if self.n < self.k:
            raise ValueError(f"pass@{self.k} cannot be estimated from {self.n} samples. Set n to {self.k} or more.")
        return self

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return self.verifier.needs_answer

    @property
    def held_out_samples(self) -> int:
        return self.n

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        # Position 0 is the greedy answer; more than n may be there because another metric wanted them.
        sampled = [answered(group, 1, self.n, n=self.n) for group in evidence.held_out]
        unread = 0
        known: list[tuple[int, list[Verdict | None]]] = []
        for group, row in zip(sampled, verdicts(self.verifier, sampled), strict=True):
            unreadable = [is_unreadable(self.verifier, group, verdict) for verdict in row]
            unread += sum(unreadable)
            row_verdicts = [
                Verdict.reject if is_unread else verdict for verdict, is_unread in zip(row, unreadable, strict=True)
            ]
            if None not in row_verdicts and len(row_verdicts) >= self.k:
                known.append((group.prompt.id, row_verdicts))
        estimates = [
            estimate(len(row_verdicts), row_verdicts.count(Verdict.accept), self.k) for _, row_verdicts in known
        ]
        # By prompt: two checkpoints are compared on the same prompts.
        details = {
            "samples": self.n,
            "left_out": len(sampled) - len(estimates),
            "unreadable": unread,
            "by_prompt": {str(id_): round(value, 6) for (id_, _), value in zip(known, estimates, strict=True)},
        }
        if not estimates:
            return [MetricValue(f"pass_at_{self.k}", None, details=details)]
        value, low, high = shares(estimates)
        return [MetricValue(f"pass_at_{self.k}", value, low, high, len(estimates), details)]
