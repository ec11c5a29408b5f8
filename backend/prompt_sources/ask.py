"""Ask about the texts so far: a critique, a revision, a judgment as a text, a second try with a hint."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal, Self

from pydantic import Field, model_validator

from backend.judges import fill, prompt_text
from backend.prompt_sources import PromptSource
from backend.values import Group, LabelSource, Messages, Prompt, Sample, Verdict

CRITIQUE = (
    "Below stand a question and an answer to it.\n\nQuestion: {prompt}\n\nAnswer: {response}\n\nSay what is wrong with "
    "the answer and how it could be better."
)


class Ask(PromptSource):
    """Make a new group of each text: its question is the template, about that text, which is the group's parent.

    `about` failed asks about prompts instead, those of which no sample was accepted, and has no parent: STaR's second
    try with the answer as a hint (Zelikman et al. 2022, arXiv 2203.14465, section 3.2). `about` prompt asks about each
    prompt like that, whatever was answered, such as for tests of what it asks for. `about` rejected asks about the
    texts that their labels reject; a text without a label is none of them. `strip` takes the question out of the
    training row, as STaR does with the hint and constitutional AI with critique and request (Bai et al. 2022, arXiv
    2212.08073, section 3.1). A judge's template asks for judgments that are texts of their own, which can be judged and
    trained on (Wu et al. 2024, arXiv 2407.19594).
    """

    template: str = Field(
        CRITIQUE,
        description="what is asked; filled in are {prompt} (the prompt it began with), {question} (what the text "
        "answers), {response} (the text), {draft} (the text that the chain of questions began with), {answer} (the "
        "known answer) and {principle}",
    )
    about: Literal["each", "best", "last", "accepted", "rejected", "failed", "prompt"] = Field(
        "each",
        description="each text; the best or the last of each group; each text that was accepted, the best first, or "
        "rejected; prompts without an accepted text; or each prompt",
    )
    most: int = Field(0, ge=0, description="most texts of one group that are asked about; 0 means no limit")
    follow: bool = Field(False, description="ask in the same chat, after the text; off: in a chat of its own")
    strip: bool = Field(False, description="training rows get the prompt it began with instead of what was asked")
    principles: tuple[str, ...] = Field((), description="one of them, drawn at random, is the {principle}")

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        if not self.has_parents and ("{response}" in self.template or "{draft}" in self.template or self.follow):
            raise ValueError(
                "A question about prompts is about no text. Leave {response} and {draft} out of the template and turn "
                "follow off."
            )
        if "{principle}" in self.template and not self.principles:
            raise ValueError("The template holds {principle}, but there are no principles. Give some.")
        return self

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def reads_labels(self) -> bool:
        return self.about in ("best", "accepted", "rejected", "failed")

    @property
    def has_parents(self) -> bool:
        return self.about not in ("failed", "prompt")

    @property
    def is_stripped(self) -> bool:
        return self.strip

    @property
    def asks_about_rejected(self) -> bool:
        return self.about == "rejected"

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        if self.about not in ("each", "accepted", "rejected"):
            return groups
        return min(samples, groups * self.most) if self.most else samples

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        roots = {prompt.id: prompt for prompt in pool}
        groups_ = []
        for group in groups:
            root = roots.get(group.prompt.id, group.prompt)
            for text in islice(self._texts(group), self.most or None):
                chance = random.Random(f"{seed} {group.prompt.id} {group.position} {text.position if text else -1}")
                groups_.append(self._group(group, root, text, chance))
        return groups_

    def _texts(self, group: Group) -> Iterator[Sample | None]:
        """The texts of a group to ask about; None stands for the prompt itself."""
        if self.about == "prompt":
            yield None
        elif self.about == "failed":
            is_known = group.prompt.answer is not None or "{answer}" not in self.template
            if is_known and not any(sample.verdict is Verdict.accept for sample in group.samples):
                yield None
        elif self.about == "each":
            yield from group.samples
        elif self.about == "accepted":
            accepted = (sample for sample in group.samples if sample.verdict is Verdict.accept)
            yield from sorted(accepted, key=_goodness, reverse=True)
        elif self.about == "rejected":
            yield from (sample for sample in group.samples if sample.verdict is Verdict.reject)
        elif self.about == "last":
            yield from group.samples[-1:]
        else:
            yield from sorted(filter(_is_eligible, group.samples), key=_goodness, reverse=True)[:1]

    def _group(self, group: Group, root: Prompt, text: Sample | None, chance: random.Random) -> Group:
        draft = group.draft or text
        question = fill(
            self.template,
            prompt=prompt_text(root.messages),
            question=prompt_text(group.prompt.messages),
            response=text.text if text else "",
            draft=draft.text if draft else "",
            answer=group.prompt.answer or "",
            principle=chance.choice(self.principles) if self.principles else "",
        )
        chat: Messages = [{"role": "user", "content": question}]
        if self.follow and text is not None:
            chat = [*group.prompt.messages, {"role": "assistant", "content": text.text}, *chat]
        return Group(replace(group.prompt, messages=chat), parent=text, trained=root.messages if self.strip else None)


def _is_eligible(sample: Sample) -> bool:
    """What people rejected is never the best; what nothing was said of neither."""
    if sample.source is LabelSource.person and sample.verdict is not None:
        return sample.verdict is Verdict.accept
    return sample.score is not None


def _goodness(sample: Sample) -> tuple[bool, float, int]:
    """A person's acceptance stands above every score; of equal ones the first is the best."""
    is_chosen = sample.source is LabelSource.person and sample.verdict is Verdict.accept
    return is_chosen, float("-inf") if sample.score is None else sample.score, -sample.position
