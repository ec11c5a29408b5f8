"""What selectors of pairs share: how good a sample stands, and the two sides of a pair."""

from dataclasses import dataclass

from backend.selectors import by_person, score_of
from backend.values import Sample, Verdict

_STANDING = {Verdict.accept: 1, None: 0, Verdict.reject: -1}


@dataclass(frozen=True)
class Pair:
    """The two sides. `gap` is None where a person's verdict set them apart."""

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
