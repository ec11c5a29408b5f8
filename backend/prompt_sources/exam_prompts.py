"""Ask similar prompts of whoever was shown a text: how much does it teach?"""

import random
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text, with_slots
from backend.likeness import rouge_l, words
from backend.prompt_sources import PromptSource
from backend.values import Group, Message, Prompt, Sample

TEMPLATE = (
    "Below stand a question and a solution of it.\n\nQuestion: {prompt}\n\nSolution: {response}\n\nSolve this question "
    "in the same way.\n\nQuestion: {question}"
)
SLOTS = ("{prompt}", "{response}", "{question}")
MOST_COMPARED = 256
"""Prompts that are compared with one, drawn at random where there are more."""


class ExamPrompts(PromptSource):
    """Make `n` groups of each text, which is their parent: after it stands one of the prompts that are like its own.

    How many of them a student answers right, after it has seen a rationale, is what the rationale is worth as teaching,
    whether or not its own answer is right (Ning et al. 2024, arXiv 2406.14629); `from_children` counts it. A group has
    the known answer of the prompt that is asked. Asked are prompts of the round with a known answer that are most alike
    in their words (ROUGE-L), never the one that the text answers; with `same`, only prompts of which one note is the
    same.
    """

    n: int = Field(2, ge=1, le=64, description="similar prompts that are asked after each text")
    same: str = Field(
        "", description="a note of the prompts, such as `topic`, that has to be equal; empty: all may be asked"
    )
    template: str = Field(
        TEMPLATE,
        description="what is asked; filled in are {prompt} (what the text answers), {response} (the text) and "
        "{question} (the similar prompt)",
    )

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, *SLOTS, so="it would not be shown")

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def has_parents(self) -> bool:
        return True

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return samples * self.n

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        # In order of their ids: the pool comes as the database gives it, and some of many are drawn.
        exams = sorted((prompt for prompt in pool if prompt.answer is not None), key=lambda prompt: prompt.id)
        words_of = {prompt.id: words(prompt_text(prompt.messages)) for prompt in pool}
        asked: dict[int, list[Prompt]] = {}
        for prompt in pool:
            asked[prompt.id] = self._similar(prompt, exams, words_of, random.Random(f"{seed} {prompt.id}"))
        return [
            self._group(group, text, exam)
            for group in groups
            for text in group.samples
            for exam in asked.get(group.prompt.id, ())
        ]

    def _similar(
        self, prompt: Prompt, exams: Sequence[Prompt], words_of: dict[int, list[str]], chance: random.Random
    ) -> list[Prompt]:
        """The prompts that are most like one, the most similar first; of equally similar ones that of the lower id."""
        own = words_of[prompt.id]
        others = [
            exam for exam in exams if exam.id != prompt.id and words_of[exam.id] != own and self._fits(prompt, exam)
        ]
        if len(others) > MOST_COMPARED:
            others = chance.sample(others, MOST_COMPARED)
        return sorted(others, key=lambda prompt: (-rouge_l(own, words_of[prompt.id]), prompt.id))[: self.n]

    def _fits(self, prompt: Prompt, other: Prompt) -> bool:
        if not self.same:
            return True
        return self.same in prompt.metadata and prompt.metadata[self.same] == other.metadata.get(self.same)

    def _group(self, group: Group, text: Sample, exam: Prompt) -> Group:
        question = fill(
            self.template,
            prompt=prompt_text(group.prompt.messages),
            response=text.text,
            question=prompt_text(exam.messages),
        )
        asked: Message = {"role": "user", "content": question}
        return Group(replace(exam, messages=[asked]), parent=text)
