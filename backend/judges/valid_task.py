"""Check a proposed task about a program by running it."""

from collections.abc import Sequence

from pydantic import Field

from backend.code_tasks import Task
from backend.code_tasks.proposals import validated
from backend.engines import Engine
from backend.judges import Verifier
from backend.sandbox import Limits
from backend.values import Group, Judgment


class ValidTask(Verifier):
    """Score 1 for a proposal whose program runs on its inputs and returns the same in two runs, else 0 with the reason.

    The validation of Absolute Zero (Zhao et al. 2025, arXiv 2505.03335): the program runs, imports nothing unsafe, and
    is deterministic. The questions are those of the source `verified_tasks`.
    """

    seconds: int = Field(2, ge=1, le=60, description="CPU seconds of one call; five times that on the clock")
    memory_mb: int = Field(256, ge=64, le=8192, description="memory of one program in MiB")

    @property
    def needs_sandbox(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        texts = [(group.prompt.messages, sample) for group in groups for sample in group.samples]
        limits = Limits(self.seconds, 5.0 * self.seconds, self.memory_mb)
        proposals = validated([(question, sample.text) for question, sample in texts], limits)
        return [
            self.judgment(sample, 1.0, "The task is valid.")
            if isinstance(proposal, Task)
            else self.judgment(sample, 0.0, proposal.reason)
            for (_, sample), proposal in zip(texts, proposals, strict=True)
        ]
