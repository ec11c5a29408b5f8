"""Show some prompts and ask for one more: self-instruct."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from pydantic import Field, field_validator, model_validator

from backend.errors import InvalidInput
from backend.judges import fill, prompt_text
from backend.prompt_sources._for_prompts import AsksBesideExamples
from backend.values import Group, Message, Prompt

TEMPLATE = (
    "Below stand some tasks.\n\n{examples}\n\nWrite one more task. It should be of the same kind, but ask for "
    "something else than all of them. Reply with the new task alone."
)


class FewShotPrompts(AsksBesideExamples):
    """Ask for a new prompt as often as the round takes prompts, each time beside other examples, in another order.

    Of 8 examples 6 are prompts of the round's sets and 2 are prompts that the rounds above adopted (Wang et al. 2022,
    arXiv 2212.10560, section 2.2). Where those adopted fewer, prompts of the sets take their place. A question counts
    as one of the first prompt that it shows; training rows hold what was asked.
    """

    n_seed: int = Field(6, ge=0, le=100, description="examples from the round's prompt sets")
    n_own: int = Field(2, ge=0, le=100, description="examples from the prompts that earlier rounds adopted")
    answered: bool = Field(
        False, description="show only prompts of the sets that have a known answer: the others are documents, say"
    )
    template: str = Field(TEMPLATE, description="what is asked; the {examples} are filled in, one below the other")

    @field_validator("template")
    @classmethod
    def _shows_examples(cls, template: str) -> str:
        if "{examples}" not in template:
            raise ValueError("The template does not hold {examples}, so nothing would be shown. Put it in.")
        return template

    @model_validator(mode="after")
    def _has_examples(self) -> Self:
        if self.n_seed + self.n_own == 0:
            raise ValueError("n_seed and n_own are both 0, so nothing would be shown. Raise one of them.")
        return self

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        given = [prompt for prompt in pool if not (prompt.is_own or (self.answered and prompt.answer is None))]
        own = [prompt for prompt in pool if prompt.is_own]
        if not given and not own:
            if pool:
                raise InvalidInput(
                    f"None of the {len(pool):,} prompts of this round has a known answer, and the source {self.name} "
                    "shows no others. Import seeds with an answer column, or switch its knob answered off."
                )
            return []
        return [self._group(given, own, random.Random(f"{seed} {number}")) for number in range(limit)]

    def _group(self, given: Sequence[Prompt], own: Sequence[Prompt], chance: random.Random) -> Group:
        written = chance.sample(own, min(self.n_own, len(own)))
        wanted = self.n_seed + self.n_own - len(written)
        shown = chance.sample(given, min(wanted, len(given))) + written
        if not shown:  # n_own is 0, and the sets hold nothing but adopted prompts
            shown = chance.sample(own, min(self.n_seed, len(own)))
        root = shown[0]
        chance.shuffle(shown)
        examples = "\n\n".join(f"Task {n}: {prompt_text(prompt.messages)}" for n, prompt in enumerate(shown, start=1))
        asked: Message = {"role": "user", "content": fill(self.template, examples=examples)}
        return Group(replace(root, messages=[asked], answer=None))
