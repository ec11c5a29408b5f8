"""Ask tasks of an installed taskset of verifiers (Brown 2025, github.com/PrimeIntellect-ai/verifiers)."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from backend import verifiers_tasks
from backend.errors import InvalidInput
from backend.prompt_sources._package_tasks import AsksPackageTasks
from backend.values import Group, Prompt


class VerifiersTasks(AsksPackageTasks):
    """Ask as many tasks of a taskset as the round takes prompts, no question twice.

    They go to a prompt set that the round makes, with the known answer where the task has one, and with metadata by
    which the judge `verifiers_reward` finds the task's own rewards. Which tasks these are follows from the round's
    seed; of a taskset with more than 100,000 tasks the first are drawn from. Tasks that hold pictures, or ask nothing,
    are passed over. Tasks that ask the same as a prompt of the round's sets, as one of the rounds above or as a
    held-out prompt are dropped and counted. The round's prompt sets are not asked. Tasksets with tools, sandboxes or
    judges that are models are refused. Needs the package: `pip install rondo[verifiers]`.
    """

    taskset: str = Field(min_length=1, max_length=100, description="name of the taskset's installed package")
    config: dict[str, Any] = Field(
        default_factory=dict, description="settings of the taskset that differ from its defaults"
    )
    answer_field: str = Field(
        "answer",
        max_length=100,
        description="field of a task with its known answer, a text or a number; empty: none",
    )

    def check_ready(self) -> None:
        verifiers_tasks.load(self.taskset, self.config)

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        questions, seen = list[Group](), set[str]()
        for place, task in verifiers_tasks.tasks(self.taskset, self.config, seed=seed):
            asked = verifiers_tasks.messages_of(task)
            if asked is None or str(asked) in seen:
                continue
            seen.add(str(asked))
            answer = known_answer(getattr(task.data, self.answer_field, None)) if self.answer_field else None
            questions.append(Group(Prompt(0, asked, answer, place.to_metadata())))
            if len(questions) == limit:
                break
        if not questions:
            raise InvalidInput(f"The taskset {self.taskset!r} has no task that asks a text. Choose another one.")
        return questions


def known_answer(value: object) -> str | None:
    """Return a text as it is and a number as it is written; None for anything else, and for no finite number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    return None
