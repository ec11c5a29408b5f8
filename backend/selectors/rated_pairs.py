"""Pair what people, or a judge, rated best in one question of the project with what they rated worst."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import (
    Pair,
    Selector,
    by_person,
    is_blank,
    is_same_text,
    is_truncated,
    mean_rating,
    random_for,
    with_twins,
)
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict
from backend.values.questions import Raters


class RatedPairs(Selector):
    """Of each prompt the sample with the highest mean rating in a question of the project, with the lowest.

    The rating orders the samples, not the verdict; but what a person accepted is never the rejected side, and what a
    person rejected never the chosen one. Equal ratings make no pair. It needs a review at which the question
    is asked, or a judge that answers it (`project_questions`).
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    question: str = Field("helpfulness", min_length=1, max_length=40, description="key of the project's question")
    min_gap: float = Field(1.0, ge=0, description="smallest difference of two mean ratings that makes a pair")
    rated_by: Raters = Field(
        Raters.people, description="whose ratings count; both: the judge's for a sample that no person rated"
    )
    min_ratings: int = Field(1, ge=1, le=20, description="raters who must have rated each side")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @property
    def rated_question(self) -> str:
        return self.question

    @property
    def reads_ratings_of(self) -> Raters:
        return self.rated_by

    @property
    def needs_differences(self) -> bool:
        return False

    def most_rows(self, samples: int) -> int:
        return 1

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            pair = self._pair(group, seed)
            if isinstance(pair, Pair):
                examples.append(Example(group.prompt.id, pair.chosen.id, rejected_id=pair.rejected.id))
            else:
                dropped[pair] += 1
        return Selection(examples, dict(dropped), unit="prompts")

    def _pair(self, group: Group, seed: int) -> Pair | str:
        """Return the pair, or the reason why there is none."""
        usable = [sample for sample in with_twins(group) if self._is_usable(sample)]
        random_for(group, seed).shuffle(usable)
        good = [sample for sample in usable if by_person(sample) is not Verdict.reject]
        bad = [sample for sample in usable if by_person(sample) is not Verdict.accept]
        if len(usable) < 2:
            return "fewer than two rated samples"
        if not good or not bad:
            return "all rejected by people" if bad else "all accepted by people"
        best, worst = max(good, key=_rating), min(bad, key=_rating)
        gap = round(_rating(best) - _rating(worst), 9)
        if gap <= 0:
            return "no worse sample"
        pair = Pair(best, worst, gap)
        if is_same_text(pair):
            return "same text"
        return pair if gap >= self.min_gap else "gap below min_gap"

    def _is_usable(self, sample: Sample) -> bool:
        is_rated = mean_rating(sample, self.min_ratings) is not None
        return is_rated and not is_blank(sample) and not (self.drop_truncated and is_truncated(sample))


def _rating(sample: Sample) -> float:
    return mean_rating(sample) or 0.0
