"""Ask the rewards of a task of verifiers (Brown 2025, github.com/PrimeIntellect-ai/verifiers)."""

from collections.abc import Sequence

from pydantic import Field

from backend import verifiers_tasks
from backend.engines import Engine
from backend.errors import InvalidInput
from backend.judges import Verifier
from backend.values import Group, Judgment


class VerifiersReward(Verifier):
    """Score the weighted sum of what the task's rewards give the sample; the rationale says each of them.

    The task is found by the prompt's metadata, which the source `verifiers_tasks` writes. A prompt that names no task,
    or one that the installed package holds no longer, gives no score; nor does a sample that was cut off, or one for
    which a reward raises an error. Rewards that ask a model are not asked. Needs the package:
    `pip install rondo[verifiers]`.
    """

    accept_at: float = Field(1.0, description="lowest score that is labelled accept")

    def check_ready(self) -> None:
        verifiers_tasks.check()

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        verifiers_tasks.check()
        return [judgment for group in groups for judgment in self._of_group(group)]

    def _of_group(self, group: Group) -> list[Judgment]:
        place = verifiers_tasks.TaskPlace.of(group.prompt.metadata)
        if place is None:
            return [self.judgment(sample, None, "The prompt names no task of verifiers.") for sample in group.samples]
        try:
            task = verifiers_tasks.task_at(place)
        except InvalidInput as error:
            return [self.judgment(sample, None, error.message) for sample in group.samples]
        if verifiers_tasks.messages_of(task) != group.prompt.messages:
            why = "The task of this number asks something else."
            return [self.judgment(sample, None, why) for sample in group.samples]
        scored = verifiers_tasks.score(task, group.prompt.messages, group.samples)
        return [
            self.judgment(sample, judgment.score, judgment.rationale)
            for sample, judgment in zip(group.samples, scored, strict=True)
        ]
