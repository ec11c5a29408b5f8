"""How far the two sides of a round's pairs lie apart."""

from collections.abc import Sequence

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import mean
from backend.values import MetricValue, Sample
from backend.word_vectors import distance


class PairGap(Metric):
    """Means over the pairs that a round trained on, chosen less rejected; intervals by the normal approximation.

    `pair_gap`: of the scores. `pair_margin`: of the log-probability for each token, in nats, that whoever wrote a text
    gave to it when it was written. `pair_distance`: 1 less the cosine of both texts' word counts. Pairs of which a side
    has no score, or no log-probability, are not in that mean. When both sides grow alike the gradient of a preference
    loss vanishes (Wang et al. 2025, arXiv 2508.06026).
    """

    @property
    def reads_pairs(self) -> bool:
        return True

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        pairs = evidence.pairs
        scores = [a.score - b.score for a, b in pairs if a.score is not None and b.score is not None]
        likely = [(by_token(a), by_token(b)) for a, b in pairs]
        margins = [a - b for a, b in likely if a is not None and b is not None]
        return [
            _mean("pair_gap", scores),
            _mean("pair_margin", margins),
            _mean("pair_distance", [distance(a.text, b.text) for a, b in pairs]),
        ]


def by_token(sample: Sample) -> float | None:
    """Return the mean log-probability of a sample's tokens; None where its writer gave none."""
    return sample.logprob / sample.num_tokens if sample.logprob is not None and sample.num_tokens else None


def _mean(name: str, numbers: Sequence[float]) -> MetricValue:
    return MetricValue(name, *mean(numbers), len(numbers)) if numbers else MetricValue(name, None)
