"""Selectors turn labelled groups into training examples and count what they drop.

What people said stands above every score, in all selectors: a text that a person accepted is never a
rejected side, one that a person rejected is never trained on as good, and both hold for every sample of the
group with the same text. One thing stands above both: a text without a visible character is never good.
"""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from backend.registry import Part
from backend.values import DatasetType, Group, LabelSource, Sample, Selection, Verdict, mean_score
from backend.values.questions import Raters

REJECTED = "rejected by a person"
SAME_AS_REJECTED = "same text as one rejected by a person"
_STANDING = {Verdict.accept: 1, None: 0, Verdict.reject: -1}
"""How a sample stands by what a person said of it, before any score."""


class Selector(Part, kind="selector"):
    """Chooses training examples. Samples without a score are never a side of a pair."""

    makes: ClassVar[DatasetType]
    writes: ClassVar[tuple[str, ...]] = ()
    """Columns that every example has in its `extra`, for trainers that read them."""

    reads_reviewers: ClassVar[bool] = False
    """True where it asks how many people decided on a sample."""

    @property
    def rated_question(self) -> str:
        """The key of the project's question whose ratings it reads; empty for none."""
        return ""

    @property
    def reads_ratings_of(self) -> Raters:
        """Whose ratings in that question it reads."""
        return Raters.people

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles whose samples it looks for; empty where it asks for none by name."""
        return ()

    @property
    def needs_differences(self) -> bool:
        """True where a row is made of two texts of a prompt only if scores or verdicts set them apart."""
        return self.makes is DatasetType.preference

    @property
    def needs_texts(self) -> bool:
        """False for a selector that looks at questions alone: they need no texts, and people no decision before it."""
        return True

    @property
    def reads_parents(self) -> bool:
        """True where the text that a question is about, or its draft, counts beside those that answer it."""
        return False

    @property
    def written_principles(self) -> tuple[str, ...]:
        """The principles of which it writes into each row the one that its sides were compared by; empty for none."""
        return ()

    @property
    def needs_all_groups(self) -> bool:
        """True where it has to see all groups in one call, such as all of one tree, which are many."""
        return False

    @property
    def joins_steps(self) -> bool:
        """True where examples hold whole texts although samples are steps of them."""
        return False

    @property
    def needs_stripped(self) -> bool:
        """True where draft and revision stand in one row, so that both have to answer the prompt they began with."""
        return False

    def most_rows(self, samples: int) -> int:
        """Return how many rows at most it makes of one group of so many samples: one of each, unless it is bounded."""
        return samples

    def at_cut(self, old: float, new: float) -> Self:
        """Return this selector for labels whose judge's cut has moved; one with a threshold of its own keeps that."""
        return self

    def ignores_cut(self, old: float) -> str:
        """Return why a judge's cut that moved from `old` changes nothing for it; empty where it reads verdicts."""
        return f"{self.name} does not read the judge’s verdicts"

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        """Return the examples in order of the groups, with a count of drops for each reason."""
        raise NotImplementedError


def by_person(sample: Sample) -> Verdict | None:
    """Return what a person decided of a sample, None where nobody did."""
    return sample.verdict if sample.source is LabelSource.person else None


def with_twins(group: Group) -> list[Sample]:
    """Return the samples, a person's verdict carried over to undecided ones with the same text.

    Where people decided differently of one text, each decision stays with its sample.
    """
    verdicts: dict[str, set[Verdict]] = {}
    for sample in group.samples:
        verdict = by_person(sample)
        if verdict is not None:
            verdicts.setdefault(sample.full_text.strip(), set()).add(verdict)
    return [_decided(sample, verdicts.get(sample.full_text.strip(), set())) for sample in group.samples]


def told_apart(reason: str, sample: Sample) -> str:
    """Return why a sample is left out: what people rejected counts apart from what has the same text.

    sample: as it was drawn, before `with_twins`.
    """
    return SAME_AS_REJECTED if reason == REJECTED and by_person(sample) is None else reason


def mean_rating(sample: Sample, fewest: int = 1) -> float | None:
    """Return the mean of its ratings, None where fewer than so many gave one."""
    return mean_score(sample.ratings) if len(sample.ratings) >= max(1, fewest) else None


def is_truncated(sample: Sample) -> bool:
    """Say whether a sample was cut off and nobody accepted it as it is."""
    return sample.finish_reason == "length" and by_person(sample) is not Verdict.accept


def is_blank(sample: Sample) -> bool:
    """Say whether its text has no visible character."""
    return shows_nothing(sample.text)


def shows_nothing(text: str) -> bool:
    """Say whether a text has no visible character: spaces, zero-width and control characters show nothing."""
    return all(unicodedata.category(sign)[0] in "ZC" for sign in text)


def score_of(sample: Sample) -> float | None:
    """Return the score without the noise of adding: scores that differ by less than a billionth are equal."""
    return None if sample.score is None else round(sample.score, 9)


@dataclass(frozen=True)
class Pair:
    """The two sides of a pair. `gap` is None where a person's verdict set them apart."""

    chosen: Sample
    rejected: Sample
    gap: float | None


def rank(sample: Sample) -> tuple[int, float]:
    """Return what a sample is sorted by: what people said of it, then its score (0 where it has none)."""
    return _STANDING[by_person(sample)], score_of(sample) or 0.0


def pair_of(chosen: Sample, rejected: Sample) -> Pair:
    """Return the pair of two samples, with the difference of their scores where no person decided on either."""
    if by_person(chosen) is not None or by_person(rejected) is not None:
        return Pair(chosen, rejected, gap=None)
    return Pair(chosen, rejected, round(rank(chosen)[1] - rank(rejected)[1], 9))


def is_same_text(pair: Pair) -> bool:
    """Say whether both sides have one text, blanks around it aside."""
    return pair.chosen.text.strip() == pair.rejected.text.strip()


def random_for(group: Group, seed: int) -> random.Random:
    """Return a generator that depends on the seed and the question alone, whatever other groups there are.

    Of one prompt there may be several questions about texts, told apart by step and position.
    """
    place = f" {group.step} {group.position}" if group.parent is not None else ""
    return random.Random(f"{seed} {group.prompt.id}{place}")


def _decided(sample: Sample, verdicts: set[Verdict]) -> Sample:
    if by_person(sample) is not None or len(verdicts) != 1:
        return sample
    return replace(sample, verdict=next(iter(verdicts)), source=LabelSource.person)
