"""Whether what is kept of a prompt is both right and of several kinds."""

from dataclasses import replace

from pydantic import Field

from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import shares
from backend.metrics._verify import Computing, verdicts
from backend.values import Group, MetricValue, Verdict


def balance(kept: int, right: int, wanted: int) -> float:
    """Return min(n'/n*, 1) n'/n, of n kept samples, n' right ones among them, and n* wanted right ones.

    Zeng et al. 2024 (B-STaR), arXiv 2412.17256: the first factor falls where there are few right samples, the second
    where wrong ones are kept.
    """
    return min(right / wanted, 1.0) * right / kept


class BalanceScore(Metric):
    """Mean balance score of the prompts of which a selector kept something, with Wilson's interval.

    Kept samples with the same text count once. Prompts of which nothing was kept are not in the mean: `nothing_kept`
    says how many these are. A sample of which the verifier cannot tell is not right.
    """

    wanted: int = Field(8, ge=1, description="right samples that are wanted of each prompt (n*)")
    verifier: Computing = Field(default_factory=ExactMatch, description="judge that computes what is right")

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        kept = [_kept(group, evidence.kept) for group in evidence.round_groups]
        some = [group for group in kept if group.samples]
        scores = [
            balance(len(verdict), verdict.count(Verdict.accept), self.wanted)
            for verdict in verdicts(self.verifier, some)
        ]
        details = {"nothing_kept": len(kept) - len(some)}
        if not scores:
            return [MetricValue("balance_score", None, details=details)]
        value, low, high = shares(scores)
        return [MetricValue("balance_score", value, low, high, len(scores), details)]


def _kept(group: Group, kept: frozenset[int]) -> Group:
    """The group with those samples that were kept, one of each text."""
    by_text = {sample.text.strip(): sample for sample in reversed(group.samples) if sample.id in kept}
    return replace(group, samples=tuple(reversed(by_text.values())))
