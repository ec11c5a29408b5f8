"""Pairs by their margin, with a penalty for length and a quota for each category."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from backend.selectors import Selector, _margins
from backend.values import DatasetType, Example, Group, Selection


class MarginPairs(Selector):
    """The best sample of a prompt with its worst, the second best with the second worst, by scores without length.

    `length_penalty` is taken off a score for each 1,000 characters of the text, against judges that like long texts.
    What people said stands above every score. `category` is a note of the prompts, such as their source; of each of its
    values at most `max_per_category` pairs are kept, those with the widest margins.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference
    reads_reviewers: ClassVar[bool] = True

    min_margin: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="smallest difference of two scores that makes a pair"
    )
    ties: _margins.Ties = Field(
        "drop", description="drop: no pair of equal scores; shorter: the shorter of the two texts is chosen"
    )
    length_penalty: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="taken off a score for each 1,000 characters of the text; 0 takes nothing off",
    )
    min_reviewers: int = Field(
        0, ge=0, le=20, description="people who must have decided on a sample before it is a side; 0 asks for none"
    )
    pairs_per_prompt: int = Field(1, ge=1, le=16, description="pairs of one prompt at most; a sample is in one of them")
    category: str = Field("", max_length=100, description="note of the prompts that max_per_category counts by")
    max_per_category: int = Field(
        0, ge=0, le=1_000_000, description="pairs of one category at most, the widest margins; 0: no limit"
    )
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @model_validator(mode="after")
    def _has_category(self) -> "MarginPairs":
        if self.max_per_category and not self.category:
            raise ValueError("max_per_category counts by a note of the prompts. Name it in category, or set it to 0.")
        return self

    @property
    def needs_all_groups(self) -> bool:
        return True  # a quota is over all of them, and the page that tries knobs out sees all of them, too

    @property
    def knobs(self) -> _margins.MarginKnobs:
        """What decides, for `_margins.decide`."""
        return _margins.MarginKnobs(**{name: getattr(self, name) for name in _margins.MarginKnobs.__dataclass_fields__})

    def most_rows(self, samples: int) -> int:
        return min(self.pairs_per_prompt, samples // 2)

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        pool = _margins.candidates(groups, seed=seed)
        categories = pool.categories(self.category)[0] if self.max_per_category else None
        decided = _margins.decide(pool, self.knobs, categories=categories)
        examples = [
            Example(int(pool.prompt_ids[group]), int(pool.ids[chosen]), rejected_id=int(pool.ids[rejected]))
            for group, chosen, rejected in zip(decided.group, decided.chosen, decided.rejected, strict=True)
        ]
        return Selection(examples, decided.dropped, unit="prompts")
