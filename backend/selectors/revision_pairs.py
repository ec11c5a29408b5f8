"""Pair a revision with its draft."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import Pair, Selector, by_person, is_blank, is_same_text, is_truncated, pair_of, rank, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class RevisionPairs(Selector):
    """The better of draft and revision above the other, both as answers to the prompt itself.

    Self-correction learning pairs a right turn with a wrong one, whichever came first (He et al. 2024, arXiv
    2410.04055). The draft is the text that the chain of questions began with. The step that asks has to strip what it
    asks, so that both sides stand after the same prompt. Equal scores make no pair; what a person decided stands above
    every score.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    both_ways: bool = Field(True, description="pairs in which the draft is the better one, too")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @property
    def reads_parents(self) -> bool:
        return True

    @property
    def needs_stripped(self) -> bool:
        return True

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            seen: set[str] = set()
            for sample in with_twins(group):
                pair = "no draft" if group.draft is None else self._pair(group.draft, sample)
                if isinstance(pair, Pair) and sample.text.strip() in seen:
                    pair = "duplicate text"
                if isinstance(pair, Pair):
                    seen.add(sample.text.strip())
                    examples.append(Example(group.prompt.id, pair.chosen.id, rejected_id=pair.rejected.id))
                else:
                    dropped[pair] += 1
        return Selection(examples, dict(dropped), unit="samples")

    def _pair(self, draft: Sample, revision: Sample) -> Pair | str:
        """Return the pair, or the reason why there is none."""
        for sample in (draft, revision):
            if is_blank(sample):
                return "empty text"
            if self.drop_truncated and is_truncated(sample):
                return "truncated"
            if sample.score is None and by_person(sample) is None:
                return "no score"
        if rank(draft) == rank(revision):
            return "draft and revision are equally good"
        is_better = rank(revision) > rank(draft)
        if not is_better and not self.both_ways:
            return "the draft is better"
        pair = pair_of(revision, draft) if is_better else pair_of(draft, revision)
        if by_person(pair.chosen) is Verdict.reject or by_person(pair.rejected) is Verdict.accept:
            return "turned round by a person"
        return "same text on both sides" if is_same_text(pair) else pair
