"""Plain texts to learn whole, as in pre-training: documents, texts that answer, or both in one conversation."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.selectors import REJECTED, Selector, by_person, is_blank, is_truncated, told_apart, with_twins
from backend.values import DatasetType, Example, Group, Messages, Sample, Selection, Verdict


class PlainTexts(Selector):
    """Make rows of TRL's type language modeling; their tokens are learned from the first one on.

    `take` asked needs nobody to answer: where the prompts of the round's sets are documents, each is a text. answers
    takes the texts that answer instead, without what was asked, such as known answers that are documents. chats puts
    both together: beside plain texts these are tasks, of which a trainer learns the answer alone (`answers_only`).
    Blank texts, those that a person rejected and those that answer one question twice are dropped.
    """

    makes: ClassVar[DatasetType] = DatasetType.language_modeling

    take: Literal["asked", "answers", "chats"] = Field(
        "asked",
        description="asked: what is asked, such as a document; answers: the texts that answer; chats: what is asked "
        "with each text that answers it",
    )
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @property
    def needs_texts(self) -> bool:
        return self.take != "asked"

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        if not self.needs_texts:
            return self._asked(groups)
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            seen: set[str] = set()
            for drawn, sample in zip(group.samples, with_twins(group), strict=True):
                reason = "duplicate text" if sample.text.strip() in seen else self._objection(sample)
                if reason:
                    dropped[told_apart(reason, drawn)] += 1
                else:
                    seen.add(sample.text.strip())
                    alone: Messages | None = [] if self.take == "answers" else None
                    examples.append(Example(group.prompt.id, sample.id, messages=alone))
        return Selection(examples, dict(dropped), unit="samples")

    def _asked(self, groups: Sequence[Group]) -> Selection:
        """What is asked is written down with the row: it need not be the prompt's own."""
        examples = []
        for group in groups:
            asked = group.prompt.messages if group.trained is None else group.trained
            if not all(is_blank(Sample(0, 0, message["content"])) for message in asked):
                examples.append(Example(group.prompt.id, None, messages=asked, completion=""))
        blank = len(groups) - len(examples)
        return Selection(examples, {"empty text": blank} if blank else {}, unit="groups")

    def _objection(self, sample: Sample) -> str:
        """Why a text is left out; empty where it is not."""
        if is_blank(sample):
            return "empty text"
        if by_person(sample) is Verdict.reject:
            return REJECTED
        return "truncated" if self.drop_truncated and is_truncated(sample) else ""
