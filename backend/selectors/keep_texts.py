"""Keep every text, whatever anybody's score of it is."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import Selector, by_person, is_blank, is_truncated, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class KeepTexts(Selector):
    """Keep every text that people did not reject, as a training answer to its question.

    For texts that are right by their making, such as the answers to tasks made of documents.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    drop_duplicates: bool = Field(True, description="keep one of several samples of a question with the same text")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            seen: set[str] = set()
            for sample in with_twins(group):
                reason = self._objection(sample, seen)
                if reason is None:
                    examples.append(Example(prompt_id=group.prompt.id, sample_id=sample.id))
                    seen.add(sample.text.strip())
                else:
                    dropped[reason] += 1
        return Selection(examples, dict(dropped), unit="samples")

    def _objection(self, sample: Sample, seen: set[str]) -> str | None:
        if is_blank(sample):
            return "empty text"
        if by_person(sample) is Verdict.reject:
            return "rejected by a person"
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        return "duplicate text" if self.drop_duplicates and sample.text.strip() in seen else None
