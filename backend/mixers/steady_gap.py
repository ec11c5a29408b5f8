"""Hold the distance between both sides of pairs as it was in the first round."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from backend.mixers import Mixer
from backend.values import DatasetType, Group, Mixture, Past, TrainingRow, mean_score
from backend.word_vectors import distance


class SteadyGap(Mixer):
    """Drop the pairs that lie farthest off until the mean gap is near that of the line's first round of this recipe.

    The gap of a pair is 1 less the cosine of both texts' word counts. In the first round all pairs stay. Where the mean
    is too low the pairs with the smallest gap are dropped, one after the other, where it is too high those with the
    largest; of equal ones the last. Where even the best of them would not do nothing is left, and the round ends with
    that reason: its two conditions are no longer told apart. A signal stays accurate as long as the gap does (Xiang et
    al. 2024, arXiv 2410.17131); how it is held is ours.
    """

    mixes: ClassVar[tuple[DatasetType, ...]] = (DatasetType.preference,)

    tolerance: float = Field(
        0.25, ge=0, lt=1, description="how far the mean gap may lie from the first round's, as a share of that"
    )

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        first = _first_round(past)
        if not first:
            return Mixture(list(rows))
        target = mean_score(first)
        low, high = round(target * (1 - self.tolerance), 9), round(target * (1 + self.tolerance), 9)
        # In order of the gap, and of equal ones in order of the rows, from which the last is dropped first.
        left = sorted((distance(row.completion, row.rejected or ""), number) for number, row in enumerate(rows))
        dropped = {"gap too small": 0, "gap too large": 0}
        while left and not low <= (mean := mean_score([gap for gap, _ in left])) <= high:
            if mean > high:
                left.pop()
                dropped["gap too large"] += 1
            else:
                smallest = left[0][0]
                left.pop(max(place for place, (gap, _) in enumerate(left) if gap == smallest))
                dropped["gap too small"] += 1
        kept = {number for _, number in left}
        stayed = [row for number, row in enumerate(rows) if number in kept]
        return Mixture(stayed, {why: count for why, count in dropped.items() if count})


def _first_round(past: Past) -> list[float]:
    """The gaps of the pairs that the line's first round of this recipe trained on; none in the first round."""
    age, first_round = 0, list[float]()
    for row in past.trained:
        if not row.is_same_recipe:
            continue
        if row.age > age:
            age, first_round = row.age, []
        first_round.append(distance(row.completion, row.rejected or ""))
    return first_round
