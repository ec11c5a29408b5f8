"""Ask for a variant of each prompt: harder, easier, similar, or in other words."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text
from backend.prompt_sources._for_prompts import AsksForPrompts
from backend.values import Group, Message, Prompt, Verdict

BEGIN = "Below stands a task.\n\nTask: {prompt}\n\n"
END = " Reply with the new task alone."
TEMPLATES = {
    "harder": BEGIN + "Write a harder task of the same kind: one that needs a step more." + END,
    "easier": BEGIN + "Write an easier task of the same kind: one that needs a step less." + END,
    "similar": BEGIN + "Write another task of the same kind and as hard, about something else." + END,
    "rephrase": BEGIN + "Write the same task in other words, so that its answer stays the same." + END,
}


class EvolvePrompts(AsksForPrompts):
    """Make one question of each prompt, which asks for a variant of it; the prompt stays the group's own.

    So an adopted variant leads back to the prompt it came of: adopted prompt, text, group, prompt. `about` pool takes
    the prompts of the round's sets, `each` those of the groups before, and `failed` those of them without an accepted
    sample, for data that is made for a model's own mistakes (Wang et al. 2023, arXiv 2310.13332). Several variants of
    one prompt are several samples of one question.
    """

    direction: Literal["harder", "easier", "similar", "rephrase"] = Field(
        "similar", description="how the new prompt differs from the one it comes of"
    )
    about: Literal["pool", "each", "failed"] = Field(
        "pool",
        description="the prompts of the round's sets, those of the groups before, or of these the ones without an "
        "accepted sample",
    )
    take_own: bool = Field(False, description="about pool: the prompts that the rounds above adopted, too")
    template: str = Field("", description="what is asked about the {prompt}; empty: a sentence for the direction")

    @field_validator("template")
    @classmethod
    def _holds_the_prompt(cls, template: str) -> str:
        if template and "{prompt}" not in template:
            raise ValueError("The template does not hold {prompt}, so it would ask about nothing. Put it in.")
        return template

    @property
    def reads_groups(self) -> bool:
        return self.about != "pool"

    @property
    def reads_own(self) -> bool:
        return self.take_own and self.about == "pool"

    @property
    def reads_labels(self) -> bool:
        return self.about == "failed"

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return groups

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        if self.about == "pool":
            chosen = list(pool)
            random.Random(seed).shuffle(chosen)
            chosen = chosen[: max(limit, 0)]
        else:
            chosen = self._of_groups(groups)
        return [Group(replace(prompt, messages=[self._asked(prompt)], answer=None)) for prompt in chosen]

    def _of_groups(self, groups: Sequence[Group]) -> list[Prompt]:
        """The prompts of the groups, each once, in order; those that were solved are left out where that is asked."""
        prompts: dict[int, Prompt] = {}
        solved: set[int] = set()
        for group in groups:
            prompts.setdefault(group.prompt.id, group.prompt)
            if any(sample.verdict is Verdict.accept for sample in group.samples):
                solved.add(group.prompt.id)
        return [prompt for id_, prompt in prompts.items() if self.about == "each" or id_ not in solved]

    def _asked(self, prompt: Prompt) -> Message:
        text = fill(self.template or TEMPLATES[self.direction], prompt=prompt_text(prompt.messages))
        return {"role": "user", "content": text}
