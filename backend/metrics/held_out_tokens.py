"""What an answer costs: the tokens that a checkpoint writes for it."""

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import mean
from backend.values import MetricValue


class HeldOutTokens(Metric):
    """Mean number of tokens written for the greedy answer to a held-out prompt, by the normal approximation.

    Of a checkpoint that asks a model several times for one answer, such as self_refine, all that it writes; tokens that
    are read, such as a handbook before the question, are not counted. Prompts without an answer are left out.
    """

    @property
    def scope(self) -> str:
        return "checkpoint"

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        written = [sample.num_tokens for group in evidence.held_out for sample in group.samples if sample.position == 0]
        if not written:
            return [MetricValue("held_out_tokens", None)]
        return [MetricValue("held_out_tokens", *mean(written), len(written))]
