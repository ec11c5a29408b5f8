"""How right the judge is: against a verifier, and against people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend.judges import Judge
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import share
from backend.metrics._verify import check_verifier, verdicts
from backend.values import MetricValue, Verdict

MOST_PROMPTS = 20_000
"""Of more prompts it is kept how many have the same counts, not which."""


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
        prompts = {sample.id: group.prompt.id for group in evidence.round_groups for sample in group.samples}
        if self.verifier is not None:
            values += _agreement(machine, self._truth(self.verifier, evidence), prompts, "")
        values += _agreement(machine, evidence.blind, prompts, "_people")
        return values + _agreement(machine, drawn, prompts, "_people_random")

    def _truth(self, verifier: Judge, evidence: Evidence) -> dict[int, Verdict]:
        rows = verdicts(verifier, evidence.round_groups)
        return {
            sample.id: verdict
            for group, row in zip(evidence.round_groups, rows, strict=True)
            for sample, verdict in zip(group.samples, row, strict=True)
            if verdict is not None
        }


def _agreement(
    machine: Mapping[int, Verdict], truth: Mapping[int, Verdict], prompts: Mapping[int, int], suffix: str
) -> list[MetricValue]:
    """Accuracy TP+TN / all, precision TP / (TP+FP), recall TP / (TP+FN), where positive means accept."""
    pairs = [(id_, machine[id_], verdict) for id_, verdict in truth.items() if id_ in machine]
    accept, asked = Verdict.accept, sorted({prompts[id_] for id_, _, _ in pairs if id_ in prompts})
    accepted = [(id_, right is accept) for id_, verdict, right in pairs if verdict is accept]
    acceptable = [(id_, verdict is accept) for id_, verdict, right in pairs if right is accept]
    return [
        _counted(f"judge_accuracy{suffix}", [(id_, verdict is right) for id_, verdict, right in pairs], prompts, asked),
        _counted(f"judge_precision{suffix}", accepted, prompts, asked),
        _counted(f"judge_recall{suffix}", acceptable, prompts, asked),
    ]


def _counted(
    name: str, rows: Sequence[tuple[int, bool]], prompts: Mapping[int, int], asked: Sequence[int]
) -> MetricValue:
    """The share of rows that count, with (so many, of how many) for each prompt asked: two rounds' shares are compared
    by prompts with all their rows."""
    value = share(name, sum(counts for _, counts in rows), len(rows))
    by_prompt = {id_: [0, 0] for id_ in asked}
    for id_, counts in rows:
        if id_ in prompts:
            by_prompt[prompts[id_]][0] += counts
            by_prompt[prompts[id_]][1] += 1
    if not rows or sum(n for _, n in by_prompt.values()) < len(rows):
        return value
    if len(by_prompt) > MOST_PROMPTS:
        same = Counter((counted, of) for counted, of in by_prompt.values() if of)
        return replace(value, details={"prompts_by_counts": [[*pair, n] for pair, n in sorted(same.items())]})
    return replace(value, details={"counts_by_prompt": {str(id_): counted for id_, counted in by_prompt.items()}})
