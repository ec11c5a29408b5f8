"""How long the samples are."""

from collections.abc import Sequence

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import mean, wilson
from backend.values import MetricValue, Sample, Verdict


class Length(Metric):
    """Mean tokens and characters of a round's samples, of the accepted ones too, and the share that was cut off.

    Growth from round to round is the known side effect of self-rewarding (Yuan et al. 2024, arXiv 2401.10020:
    1092, 1552, 2552). Intervals by the normal approximation, Wilson's for the share.
    """

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        samples = [sample for group in evidence.round_groups for sample in group.samples]
        accepted = [sample for sample in samples if sample.verdict is Verdict.accept]
        truncated = sum(sample.finish_reason == "length" for sample in samples)
        return [
            _mean("mean_tokens", [sample.num_tokens for sample in samples]),
            _mean("mean_tokens_accepted", [sample.num_tokens for sample in accepted]),
            _mean("mean_characters", [len(sample.text) for sample in samples]),
            _truncated(samples, truncated),
        ]


def _mean(name: str, lengths: Sequence[int]) -> MetricValue:
    if not lengths:
        return MetricValue(name, None)
    return MetricValue(name, *mean(lengths), len(lengths))


def _truncated(samples: Sequence[Sample], count: int) -> MetricValue:
    if not samples:
        return MetricValue("truncated_share", None)
    return MetricValue("truncated_share", count / len(samples), *wilson(count, len(samples)), len(samples))
