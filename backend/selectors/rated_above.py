"""Keep what people, or a judge, rated well in one question of the project."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import REJECTED, Selector, by_person, is_blank, is_truncated, mean_rating
from backend.selectors._best import best_of
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict
from backend.values.questions import Raters


class RatedAbove(Selector):
    """Keep samples whose mean rating in a question of the project reaches the threshold, the best first.

    The rating counts, not the verdict; but what a person rejected is never kept. A sample that too few people rated is
    left out. It needs a review at which the question
    is asked, or a judge that answers it (`project_questions`).
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    question: str = Field("helpfulness", min_length=1, max_length=40, description="key of the project's question")
    threshold: float = Field(4.0, description="lowest mean rating that is kept")
    rated_by: Raters = Field(
        Raters.people, description="whose ratings count; both: the judge's for a sample that no person rated"
    )
    min_ratings: int = Field(1, ge=1, le=20, description="raters who must have rated a sample")
    max_per_prompt: int = Field(0, ge=0, description="most samples kept for one prompt; 0 means no limit")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @property
    def rated_question(self) -> str:
        return self.question

    @property
    def reads_ratings_of(self) -> Raters:
        return self.rated_by

    def most_rows(self, samples: int) -> int:
        return min(samples, self.max_per_prompt or samples)

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            kept = best_of(
                group,
                self._objection,
                lambda sample: -(mean_rating(sample) or 0.0),
                seed=seed,
                dropped=dropped,
                most=self.max_per_prompt,
            )
            examples += [Example(group.prompt.id, sample.id) for sample in kept]
        return Selection(examples, dict(dropped), unit="samples")

    def _objection(self, sample: Sample) -> str | None:
        if is_blank(sample):
            return "empty text"
        if by_person(sample) is Verdict.reject:
            return REJECTED
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        rating = mean_rating(sample, self.min_ratings)
        if rating is None:
            return "rated by too few"
        return None if rating >= self.threshold else "rated below threshold"
