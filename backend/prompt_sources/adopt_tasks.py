"""Make accepted tasks about programs prompts of their own, with their check."""

from collections.abc import Sequence

from pydantic import Field

from backend.code_tasks import Task
from backend.code_tasks.proposals import validated
from backend.code_tasks.questions import solving
from backend.prompt_sources.adopt import Adopting
from backend.sandbox import Limits
from backend.values import Group, Prompt, Verdict


class AdoptTasks(Adopting):
    """Each proposal that the label accepts becomes the question that a solver is asked; its check is the metadata.

    The questions are those of the source `verified_tasks`. A proposal is run again: one that a person accepted and that
    is not valid is not adopted. Like `adopt` it takes each task once, and none that is held out.
    """

    seconds: int = Field(2, ge=1, le=60, description="CPU seconds of one call; five times that on the clock")
    memory_mb: int = Field(256, ge=64, le=8192, description="memory of one program in MiB")

    @property
    def needs_sandbox(self) -> bool:
        return True

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        accepted = [
            (group.prompt.messages, sample)
            for group in groups
            for sample in group.samples
            if sample.verdict is Verdict.accept
        ]
        limits = Limits(self.seconds, 5.0 * self.seconds, self.memory_mb)
        tasks = validated([(question, sample.text) for question, sample in accepted], limits)
        questions = [
            Group(Prompt(0, solving(task), task.answer, {"task": task.to_json()}), parent=sample)
            for (_, sample), task in zip(accepted, tasks, strict=True)
            if isinstance(task, Task)
        ]
        return questions[: self.most] if self.most else questions
