"""Keep revisions that are better than their draft as training answers."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.selectors import (
    REJECTED,
    Selector,
    by_person,
    is_blank,
    is_truncated,
    random_for,
    rank,
    told_apart,
    with_twins,
)
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class ImprovedRevisions(Selector):
    """Keep the texts that stand above the draft their chain of questions began with.

    What the row asks is what the text answers: draft, critique and request (Welleck et al. 2022, arXiv 2211.00053: from
    a draft to a text of higher value), or with `strip` of `ask` the prompt alone. `require` better compares scores,
    right_after_wrong wants an accepted text after a rejected draft, approved an accepted text, whatever the draft was.

    What a person decided stands above every score. A text that repeats its draft teaches nothing and is dropped.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    require: Literal["better", "right_after_wrong", "approved"] = Field(
        "better", description="a higher score than the draft's; accepted after a rejected draft; or accepted"
    )
    max_per_question: int = Field(
        0, ge=0, description="most texts kept that answer one question, the best first; 0 means no limit"
    )
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @property
    def reads_parents(self) -> bool:
        return True

    def ignores_cut(self, old: float) -> str:
        return f"{self.name} goes by scores" if self.require == "better" else ""

    def most_rows(self, samples: int) -> int:
        return min(samples, self.max_per_question or samples)

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            kept = self._better(group, dropped)
            # Shuffled, then sorted stably: chance decides among equals.
            random_for(group, seed).shuffle(kept)
            kept.sort(key=rank, reverse=True)
            if self.max_per_question and len(kept) > self.max_per_question:
                dropped["over max_per_question"] += len(kept) - self.max_per_question
                kept = kept[: self.max_per_question]
            examples += [Example(prompt_id=group.prompt.id, sample_id=sample.id) for sample in kept]
        return Selection(examples, dict(dropped), unit="samples")

    def _better(self, group: Group, dropped: Counter[str]) -> list[Sample]:
        """The texts that may be kept, each text once."""
        by_text: dict[str, Sample] = {}
        for drawn, sample in zip(group.samples, with_twins(group), strict=True):
            reason = "no draft" if group.draft is None else self._objection(sample, group.draft)
            if reason is None and sample.text.strip() in by_text:
                reason = "duplicate text"
            if reason is None:
                by_text[sample.text.strip()] = sample
            else:
                dropped[told_apart(reason, drawn)] += 1
        return list(by_text.values())

    def _objection(self, sample: Sample, draft: Sample) -> str | None:
        if is_blank(sample):
            return "empty text"
        if by_person(sample) is Verdict.reject:
            return REJECTED
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        if sample.text.strip() == draft.text.strip():
            return "same text as the draft"
        return self._of_labels(sample, draft)

    def _of_labels(self, sample: Sample, draft: Sample) -> str | None:
        if self.require == "better":
            if any(sample_.score is None and by_person(sample_) is None for sample_ in (sample, draft)):
                return "no score"
            return None if rank(sample) > rank(draft) else "no better than the draft"
        if sample.verdict is not Verdict.accept:
            return "no verdict" if sample.verdict is None else "rejected"
        is_after_wrong = draft.verdict is Verdict.reject
        return None if self.require == "approved" or is_after_wrong else "the draft was not rejected"
