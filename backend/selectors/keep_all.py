"""Keep every text as a training answer, whatever a judge says of it."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.selectors import REJECTED, Selector, by_person, is_blank, is_truncated, told_apart, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class KeepAll(Selector):
    """Every text but empty ones and those that a person rejected, as often as it was drawn unless `drop_duplicates`.

    With `weigh_by` score an example weighs what it scored, for trainers that weigh examples, and texts without a score
    are left out: RLSC weighs a text by the probability of its whole sequence (Li et al. 2025, arXiv 2506.06395).
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    weigh_by: Literal["one", "score"] = Field("one", description="one: all weigh 1; score: each weighs its score")
    drop_duplicates: bool = Field(False, description="keep one of several samples of a question with the same text")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            seen: set[str] = set()
            for drawn, sample in zip(group.samples, with_twins(group), strict=True):
                weight = self._weight(sample)
                text = sample.full_text.strip()
                if self.drop_duplicates and text in seen:
                    dropped["duplicate text"] += 1
                elif isinstance(weight, float):
                    seen.add(text)
                    examples.append(Example(group.prompt.id, sample.id, weight=weight))
                else:
                    dropped[told_apart(weight, drawn)] += 1
        return Selection(examples, dict(dropped), unit="samples")

    def _weight(self, sample: Sample) -> float | str:
        """Return the weight, or the reason why the text is left out."""
        if is_blank(sample):
            return "empty text"
        if by_person(sample) is Verdict.reject:
            return REJECTED
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        if self.weigh_by == "one":
            return 1.0
        score = sample.score
        if score is None:
            return "no score"
        return float(score) if score >= 0 else "score below 0"
