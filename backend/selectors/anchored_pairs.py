"""Pair texts of different origin: one side by some roles, the other by others."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from backend import answers
from backend.selectors import Pair, Selector, by_person, is_blank, is_same_text, is_truncated, pair_of, rank, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict

Roles = tuple[Annotated[str, StringConstraints(min_length=1, max_length=40)], ...]


class AnchoredPairs(Selector):
    """The best text by the one roles against the worst by the others, if it scores higher; else no pair.

    The pairs of Temporal Self-Rewarding (Wang et al. 2025, arXiv 2508.06026, anchored rejection and future-guided
    chosen): rejected is the worst text of the first model where it is below the worst of the present one, chosen the
    best of the next model where it beats the best of the present one. With `require_higher` off the origin alone
    decides, as in SPIN (Chen et al. 2024, arXiv 2401.01335, section 4): a known answer above the model's own.

    What a person accepted is never rejected and stands above every score, what a person rejected is never chosen and
    stands below. Among equals the first is taken, so that two selectors of one round take the same text for a side.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    chosen_from: Roles = Field(
        ("policy",), min_length=1, description="roles whose best text is chosen; `data` wrote the known answers"
    )
    rejected_from: Roles = Field(("base",), min_length=1, description="roles whose worst text is rejected")
    fallback: Roles = Field(
        (),
        description="roles whose own best is chosen unless that of chosen_from scores higher, and whose own worst is "
        "rejected unless that of rejected_from scores lower",
    )
    require_higher: bool = Field(
        True, description="the chosen text must score higher than the rejected one; off: scores play no part"
    )
    differ_in: Literal["text", "answer"] = Field(
        "text", description="what has to differ between both sides: the text, or the answer that is read in it"
    )
    pattern: str = Field("", description="how answers are read, as in the judge `majority_vote`")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @model_validator(mode="after")
    def _fallback_compares(self) -> Self:
        if self.fallback and not self.require_higher:
            raise ValueError(
                "fallback compares scores, which play no part while require_higher is off. Turn it on, or leave "
                "fallback out."
            )
        return self

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.chosen_from, *self.rejected_from, *self.fallback)))

    def most_rows(self, samples: int) -> int:
        return 1

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            pair = self._pair(with_twins(group))
            if isinstance(pair, Pair):
                examples.append(Example(group.prompt.id, pair.chosen.id, rejected_id=pair.rejected.id))
            else:
                dropped[pair] += 1
        return Selection(examples, dict(dropped), unit="prompts")

    def _pair(self, samples: Sequence[Sample]) -> Pair | str:
        """Return the pair, or the reason why there is none."""
        good = self._side(samples, self.chosen_from, never=Verdict.reject)
        if isinstance(good, str):
            return f"chosen side: {good}"
        bad = self._side(samples, self.rejected_from, never=Verdict.accept)
        if isinstance(bad, str):
            return f"rejected side: {bad}"
        # Of equals the fallback's: the named roles have to be better, or worse.
        best = max(good, key=lambda s: (self._rank(s), s.role in self.fallback))
        if self.differ_in == "answer" and not (
            bad := [sample for sample in bad if not self._is_same_answer(best, sample)]
        ):
            return "same answer on both sides"
        worst = min(bad, key=lambda s: (self._rank(s), s.role not in self.fallback))
        pair = pair_of(best, worst)
        if self.require_higher and pair.gap is not None and pair.gap <= 0:
            return "equal scores" if pair.gap == 0 else "chosen scores lower than rejected"
        return "same text on both sides" if is_same_text(pair) else pair

    def _is_same_answer(self, chosen: Sample, rejected: Sample) -> bool:
        """Whether one answer is read on both sides; none is no answer that could be the same."""
        good, bad = (answers.extract(sample.text, self.pattern) for sample in (chosen, rejected))
        return good is not None and bad is not None and answers.normalise(good) == answers.normalise(bad)

    def _side(self, samples: Sequence[Sample], roles: Roles, *, never: Verdict) -> list[Sample] | str:
        """Return the texts that may stand on a side, or why none is left."""
        by = tuple(dict.fromkeys((*roles, *self.fallback)))
        left = [sample for sample in samples if sample.role in by]
        if not left:
            return f"no text by {' or '.join(by)}"
        for reason, is_against in (
            ("empty text", is_blank),
            ("truncated", self._is_cut_off),
            ("no score", self._lacks_score),
            (f"{never}ed by people", lambda sample: by_person(sample) is never),
        ):
            left = [sample for sample in left if not is_against(sample)]
            if not left:
                return reason
        return left

    def _is_cut_off(self, sample: Sample) -> bool:
        return self.drop_truncated and is_truncated(sample)

    def _lacks_score(self, sample: Sample) -> bool:
        return self.require_higher and sample.score is None and by_person(sample) is None

    def _rank(self, sample: Sample) -> tuple[int, float]:
        standing, score = rank(sample)
        return standing, score if self.require_higher else 0.0
