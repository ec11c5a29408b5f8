"""Score a sample by how short it is among the samples of its group."""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample


class Brevity(Verifier):
    """Score 1 for the shortest sample of a group and 0 for the longest, evenly by tokens between them.

    (longest - n) / (longest - shortest); 1 for all where all are equally long. It says nothing of being right: put it
    beside a judge that does, with `weighted_sum`. The paper of `inherent_efficiency` rewards concise right solutions;
    the formula is ours.
    """

    accept_at: float = Field(0.5, ge=0, le=1, description="lowest score that is labelled accept")

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups for judgment in self._rank(group.samples)]

    def _rank(self, samples: Sequence[Sample]) -> list[Judgment]:
        lengths = [sample.num_tokens for sample in samples]
        shortest, longest = min(lengths, default=0), max(lengths, default=0)
        place = f"tokens, {shortest} to {longest} in its group."
        return [
            self.judgment(sample, _share(sample.num_tokens, shortest, longest), f"{sample.num_tokens} {place}")
            for sample in samples
        ]


def _share(length: int, shortest: int, longest: int) -> float:
    return 1.0 if longest == shortest else (longest - length) / (longest - shortest)
