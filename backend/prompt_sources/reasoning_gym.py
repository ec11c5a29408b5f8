"""Ask tasks of reasoning-gym, made anew in each round (Stojanovski et al. 2025, arXiv 2505.24760)."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from backend import gym_tasks
from backend.prompt_sources._package_tasks import AsksPackageTasks
from backend.values import Group, Message, Prompt


class ReasoningGym(AsksPackageTasks):
    """Ask as many new tasks of a data set of reasoning-gym as the round takes prompts, no question twice.

    They go to a prompt set that the round makes, with their known answers, where there is one, and with metadata by
    which the judge `reasoning_gym_score` finds the task's own verifier. Which tasks these are follows from the round's
    seed. Tasks that ask the same as a prompt of the round's sets, as one of the rounds above or as a held-out prompt
    are dropped and counted. The round's prompt sets are not asked. Needs the package: `pip install rondo[gym]`.
    """

    dataset: str = Field("chain_sum", min_length=1, max_length=100, description="name of the data set")
    config: dict[str, Any] = Field(
        default_factory=dict, description="settings of the data set that differ from its defaults, but seed and size"
    )

    def check_ready(self) -> None:
        gym_tasks.check()
        gym_tasks.created(self.dataset, self.config, seed=0, size=1)

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        questions = []
        for task, entry in gym_tasks.tasks(self.dataset, self.config, number=limit, seed=seed):
            asked: Message = {"role": "user", "content": entry["question"]}
            answer = entry["answer"] if isinstance(entry["answer"], str) else None
            questions.append(Group(Prompt(0, [asked], answer, task.to_metadata())))
        return questions
