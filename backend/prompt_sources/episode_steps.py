"""Ask for each step of an episode anew: what could the policy have written there?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from backend.prompt_sources import PromptSource
from backend.values import Group, Prompt, Sample, Verdict
from backend.values.episodes import ASSISTANT, begun


class EpisodeSteps(PromptSource):
    """Make a new group of each step of an episode: its question is the chat before the policy's text of that step.

    ReST meets ReAct (Aksitov et al. 2023, arXiv 2312.10003) samples several texts of each step, ranks them, and trains
    on the best of each. What the environment said is part of the question, so that no training learns it. The parent is
    the episode; a sample without turns is an episode of one step.
    """

    take: Literal["accepted", "all"] = Field("accepted", description="episodes that were accepted, or all")
    most: int = Field(0, ge=0, description="only the first so many steps of an episode; 0 means all")

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def reads_labels(self) -> bool:
        return self.take == "accepted"

    @property
    def has_parents(self) -> bool:
        return True

    @property
    def knows_answers(self) -> bool:
        """A step is no answer yet."""
        return False

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        """The number of steps is known to the generator alone; so many where each episode has two."""
        return samples * min(self.most or 2, 2)

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        taken = [(group, sample) for group in groups for sample in group.samples if self._is_taken(sample)]
        return [step for group, episode in taken for step in self._steps(group, episode)]

    def _is_taken(self, sample: Sample) -> bool:
        return self.take == "all" or sample.verdict is Verdict.accept

    def _steps(self, group: Group, sample: Sample) -> list[Group]:
        chat, turns = begun(group.prompt.messages, sample.turns)
        places = [n for n, turn in enumerate(turns) if turn["role"] == ASSISTANT] or [0]
        asked = [replace(group.prompt, messages=[*chat, *turns[:place]]) for place in places[: self.most or None]]
        return [Group(prompt, parent=sample) for prompt in asked]
