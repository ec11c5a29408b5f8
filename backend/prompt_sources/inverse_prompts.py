"""Ask for the input that a natural text would be the output of."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text
from backend.prompt_sources._for_prompts import AsksForPrompts
from backend.values import Group, Message, Prompt, Sample, Verdict

TEMPLATE = (
    "Below stands a text.\n\n{text}\n\nWrite the request that this text answers, in such a way that nothing but this "
    "text would be the right answer to it. Reply with the request alone."
)


class InversePrompts(AsksForPrompts):
    """Make one question of each text: which input would have led to it? The text is the known answer of the group.

    So the input is synthetic and the output natural, the other way round than in self-training (Kulshreshtha et al.
    2021, arXiv 2104.08801). The judge `round_trip` tells whether an input that was written leads back to the text, and
    `adopt` with `keep_answer` makes it a prompt whose known answer is the text. The texts are those of the pool: the
    prompts themselves, as of imported documents, or their known answers. Or they are texts of the groups before, and
    then the group's parents: a rejected answer gets the question that it does answer (hindsight).
    """

    about: Literal["prompt", "answer", "each", "rejected"] = Field(
        "prompt",
        description="prompt: the prompts of the round's sets are the texts; answer: their known answers are; each: the "
        "texts of the groups before; rejected: of these the ones that were rejected",
    )
    template: str = Field(TEMPLATE, description="what is asked about the {text}; {prompt} is the prompt it comes from")
    shuffle: bool = Field(True, description="draw prompts at random (by the round's seed) instead of in stored order")

    @field_validator("template")
    @classmethod
    def _holds_the_text(cls, template: str) -> str:
        if "{text}" not in template:
            raise ValueError("The template does not hold {text}, so it would ask about nothing. Put it in.")
        return template

    @property
    def reads_groups(self) -> bool:
        return self.about in ("each", "rejected")

    @property
    def reads_labels(self) -> bool:
        return self.about == "rejected"

    @property
    def has_parents(self) -> bool:
        return self.reads_groups

    @property
    def asks_about_rejected(self) -> bool:
        return self.about == "rejected"

    @property
    def makes_answers(self) -> bool:
        return True

    @property
    def takes_answers(self) -> bool:
        return self.about == "answer"

    @property
    def has_targets(self) -> bool:
        return True

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return samples if self.reads_groups else groups

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        if self.reads_groups:
            roots = {prompt.id: prompt for prompt in pool}
            return [
                self._group(roots.get(group.prompt.id, group.prompt), text.text, text)
                for group in groups
                for text in self._texts(group)
            ]
        texts = [(prompt, text) for prompt in pool if (text := self._of_prompt(prompt)).strip()]
        if self.shuffle:
            random.Random(seed).shuffle(texts)
        return [self._group(prompt, text) for prompt, text in texts[: max(limit, 0)]]

    def _of_prompt(self, prompt: Prompt) -> str:
        return (prompt.answer or "") if self.about == "answer" else prompt_text(prompt.messages)

    def _texts(self, group: Group) -> Iterator[Sample]:
        for sample in group.samples:
            if sample.text.strip() and (self.about == "each" or sample.verdict is Verdict.reject):
                yield sample

    def _group(self, prompt: Prompt, text: str, parent: Sample | None = None) -> Group:
        question = fill(self.template, text=text, prompt=prompt_text(prompt.messages))
        asked: Message = {"role": "user", "content": question}
        return Group(replace(prompt, messages=[asked], answer=text), parent=parent)
