"""How right the judge is: against a verifier, and against people."""

from collections.abc import Mapping

from pydantic import Field, field_validator

from backend.judges import Judge
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import share
from backend.metrics._verify import check_verifier, verdicts
from backend.values import MetricValue, Verdict


class JudgeQuality(Metric):
    """Accuracy, precision and recall of the machine's accepts, and the share of samples without a verdict.

    Numbers ending in `_people` compare with blind decisions alone: who has seen the judge's verdict is no
    witness. A queue that looks where the judge is likely to be wrong makes it look worse than it is, so those
    ending in `_people_random` compare with the samples that were drawn at random only. Samples without a machine
    verdict are in none but `judge_unparsed`.
    """

    verifier: Judge | None = Field(
        None, description="judge that computes what is right; none: compare with people only"
    )

    @field_validator("verifier")
    @classmethod
    def _computes(cls, verifier: Judge | None) -> Judge | None:
        return check_verifier(verifier)

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        machine = {i: verdict for i, (_, verdict) in evidence.machine.items() if verdict is not None}
        drawn = {i: verdict for i, verdict in evidence.blind.items() if i in evidence.drawn}
        values = [share("judge_unparsed", len(evidence.machine) - len(machine), len(evidence.machine))]
        if self.verifier is not None:
            values += _agreement(machine, self._truth(self.verifier, evidence), "")
        return values + _agreement(machine, evidence.blind, "_people") + _agreement(machine, drawn, "_people_random")

    def _truth(self, verifier: Judge, evidence: Evidence) -> dict[int, Verdict]:
        rows = verdicts(verifier, evidence.round_groups)
        return {
            sample.id: verdict
            for group, row in zip(evidence.round_groups, rows, strict=True)
            for sample, verdict in zip(group.samples, row, strict=True)
            if verdict is not None
        }


def _agreement(machine: Mapping[int, Verdict], truth: Mapping[int, Verdict], suffix: str) -> list[MetricValue]:
    """Accuracy TP+TN / all, precision TP / (TP+FP), recall TP / (TP+FN), where positive means accept."""
    pairs = [(machine[i], verdict) for i, verdict in truth.items() if i in machine]
    hits = pairs.count((Verdict.accept, Verdict.accept))
    right = hits + pairs.count((Verdict.reject, Verdict.reject))
    false_accepts = pairs.count((Verdict.accept, Verdict.reject))
    false_rejects = pairs.count((Verdict.reject, Verdict.accept))
    return [
        share(f"judge_accuracy{suffix}", right, len(pairs)),
        share(f"judge_precision{suffix}", hits, hits + false_accepts),
        share(f"judge_recall{suffix}", hits, hits + false_rejects),
    ]
