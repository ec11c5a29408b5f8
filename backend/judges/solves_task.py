"""Check an answer to a task about a program by running it."""

from collections.abc import Sequence

from pydantic import Field

from backend.code_tasks import Task
from backend.code_tasks.grading import Grade, graded
from backend.engines import Engine
from backend.judges import Verifier
from backend.sandbox import Limits
from backend.values import Group, Judgment, Sample


class SolvesTask(Verifier):
    """Score 1 for an answer that is right by the task's own check, which stands in the prompt's metadata as `task`.

    The checks of Absolute Zero (Zhao et al. 2025, arXiv 2505.03335): an output is compared with the known one, an input
    is run through the program, a program is run on the pairs that the solver was not shown. A wrong answer scores
    `wrong`, one that cannot be read `unread`; no score where two runs differ, or where the prompt is no such task.
    """

    wrong: float = Field(0.0, le=0, description="score of a wrong answer; -0.5 in the paper")
    unread: float = Field(0.0, le=0, description="score of a text without an answer in the form that is asked for; -1")
    seconds: int = Field(2, ge=1, le=60, description="CPU seconds of one call; five times that on the clock")
    memory_mb: int = Field(256, ge=64, le=8192, description="memory of one program in MiB")

    @property
    def needs_sandbox(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        solutions = [(Task.of(group.prompt.metadata), group.samples) for group in groups]
        tasks = [(task, sample) for task, samples in solutions if task is not None for sample in samples]
        limits = Limits(self.seconds, 5.0 * self.seconds, self.memory_mb)
        grades = graded([(task, sample.text) for task, sample in tasks], limits)
        judgments = [self._said(sample, grade) for (_, sample), grade in zip(tasks, grades, strict=True)]
        others = [sample for task, samples in solutions if task is None for sample in samples]
        return judgments + [self.judgment(sample, None, "The prompt is no task with a check.") for sample in others]

    def _said(self, sample: Sample, grade: Grade) -> Judgment:
        score = grade.score if grade.score != 0 else self.wrong if grade.is_read else self.unread
        return self.judgment(sample, score, grade.reason)
