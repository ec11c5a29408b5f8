"""The difference of two measurements, with its interval: the one way in which pages, rules and REST compute it.

On the same prompts a paired bootstrap over the prompts; of right and wrong answers beside McNemar's exact test, with
which the interval agrees: where the test leaves the difference to chance, the interval holds 0. Where the prompts are
others, each side's are drawn on their own. Where no value is kept for each prompt, the two intervals are put together
as those of independent numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from backend.metrics._intervals import mcnemar

FEWEST = 30
"""With fewer prompts no interval is given: drawing so few again says too little of others."""
RESAMPLES, FEWEST_RESAMPLES, MOST_RESAMPLES = 2000, 200, 20_000
WORK = 20_000_000
"""Values that one interval may draw: with very many prompts it takes fewer resamples."""
CHUNK = 1_000_000
"""Values that are drawn at once."""
CHANCE = 0.05
Z = 1.959963984540054
"""The normal distribution holds 95 % of itself between -Z and Z."""
SAME = 1e-12
SEED = 0

FEW = "fewer than {fewest} prompts, too few for an interval"
EQUAL = "equal on every prompt, which says nothing of the width"
APART = "on other prompts"
INDEPENDENT = "as independent numbers"
NO_WIDTH = "no value is kept for each prompt, and one of the two has no interval"


@dataclass(frozen=True)
class Difference:
    """The second value minus the first, on the `n` prompts that both have.

    `low` and `high`: its 95 % interval, None where it is unknown; then `why` says the reason. `p`: of McNemar's exact
    test, where the values are right or wrong. `why` beside an interval says how it was computed, where it is no paired
    one.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    old: float | None = None
    new: float | None = None
    p: float | None = None
    newly_right: int | None = None
    newly_wrong: int | None = None
    why: str = ""

    @property
    def is_better(self) -> bool:
        """Whether the second value is higher beyond chance."""
        return self.low is not None and self.low > 0

    @property
    def is_worse(self) -> bool:
        """Whether the second value is lower beyond chance."""
        return self.high is not None and self.high < 0


def bootstrap(
    differences: Sequence[float], counts: Sequence[int] | None = None, *, seed: int = SEED, times: int = 1
) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of the mean difference over prompts drawn with replacement.

    The paired bootstrap: each prompt is drawn with the values of both (Efron and Tibshirani 1993, An Introduction to
    the Bootstrap, section 13.3; for comparing two systems on one test set Koehn 2004, EMNLP). `counts`: how many
    prompts have each difference; then one draw is one of a multinomial distribution, whatever the number of prompts.
    `times`: so many intervals hold together (Bonferroni). The same seed gives the same interval.
    """
    generator, values = np.random.default_rng(seed), np.asarray(differences, dtype=float)
    if counts is not None:
        numbers = np.asarray(counts, dtype=int)
        total = int(numbers.sum())
        resamples = min(RESAMPLES * times, MOST_RESAMPLES)
        means = generator.multinomial(total, numbers / total, size=resamples) @ values / total
    else:
        resamples = max(FEWEST_RESAMPLES, min(RESAMPLES, WORK // len(values)))
        # One by one: all at once would be one array of prompts times resamples.
        means = np.array([values[generator.integers(len(values), size=len(values))].mean() for _ in range(resamples)])
    return _percentiles(means, times)


def of_shares(n: int, right: int, newly_right: int, newly_wrong: int, *, times: int = 1) -> Difference:
    """The difference of two shares of right answers to the same `n` prompts, `right` of them right before.

    `times`: how many such differences are looked at together; interval and p then hold for all of them (Bonferroni).
    """
    if not n:
        return Difference(None, None, None, 0, why="no prompt in common")
    p = min(1.0, times * mcnemar(newly_right, newly_wrong))
    kept = n - newly_right - newly_wrong
    low, high, why = _ends([1.0, 0.0, -1.0], [newly_right, kept, newly_wrong], n, times)
    if low is not None and high is not None and p >= CHANCE:
        # The bootstrap is too narrow for few prompts that changed: the exact test has the last word.
        low, high = min(low, 0.0), max(high, 0.0)
    after = right + newly_right - newly_wrong
    gap = (newly_right - newly_wrong) / n
    return Difference(gap, low, high, n, right / n, after / n, p, newly_right, newly_wrong, why)


def of_values(old: Mapping[int, float], new: Mapping[int, float]) -> Difference:
    """The difference of two means over the prompts that both have a value for, by prompt."""
    common = sorted(old.keys() & new.keys())
    if not common:
        return Difference(None, None, None, 0, why="no prompt in common")
    before, after = (np.array([values[key] for key in common], dtype=float) for values in (old, new))
    gaps = after - before
    low, high, why = _ends(gaps.tolist(), None, len(common))
    return Difference(float(gaps.mean()), low, high, len(common), float(before.mean()), float(after.mean()), why=why)


def of_counts(old: Mapping[int, tuple[int, int]], new: Mapping[int, tuple[int, int]]) -> Difference:
    """The difference of two shares whose rows belong to prompts, (counted, of how many) by prompt.

    Prompts are drawn with all their rows, as rows of one prompt are alike. Paired where both have the same prompts.
    """
    if not all(sum(rows for _, rows in values.values()) for values in (old, new)):
        return Difference(None, None, None, 0, why="no row on one side")
    is_paired = old.keys() == new.keys()
    sides = [np.array([values[key] for key in sorted(values)], dtype=float) for values in (old, new)]
    before, after = (float(side[:, 0].sum() / side[:, 1].sum()) for side in sides)
    n = min(len(side) for side in sides)
    if n < FEWEST:
        return Difference(after - before, None, None, n, before, after, why=FEW.format(fewest=FEWEST))
    low, high = _percentiles(_drawn(sides, is_paired), 1)
    if high - low < SAME:
        return Difference(after - before, None, None, n, before, after, why=EQUAL)
    return Difference(after - before, low, high, n, before, after, why="" if is_paired else APART)


def of_independent(
    old: tuple[float, float | None, float | None], new: tuple[float, float | None, float | None]
) -> Difference:
    """The difference of two numbers, (value, low, high), by their own intervals alone."""
    gap = new[0] - old[0]
    ends = (old[1], old[2], new[1], new[2])
    if None in ends:
        return Difference(gap, None, None, 0, old[0], new[0], why=NO_WIDTH)
    half = Z * hypot(*((high - low) / (2 * Z) for _, low, high in (old, new) if low is not None and high is not None))
    return Difference(gap, gap - half, gap + half, 0, old[0], new[0], why=INDEPENDENT)


def _drawn(sides: Sequence[np.ndarray], is_paired: bool) -> np.ndarray:
    """Differences of the two shares in resamples; those in which a side has no row are left out."""
    generator, gaps = np.random.default_rng(SEED), []
    lengths = [len(side) for side in sides]
    left = max(FEWEST_RESAMPLES, min(RESAMPLES, WORK // max(lengths)))
    while left > 0:
        rows = min(left, max(1, CHUNK // max(lengths)))
        left -= rows
        places = [generator.integers(lengths[0], size=(rows, lengths[0]))]
        places.append(places[0] if is_paired else generator.integers(lengths[1], size=(rows, lengths[1])))
        sums = [side[place].sum(1) for side, place in zip(sides, places, strict=True)]
        there = (sums[0][:, 1] > 0) & (sums[1][:, 1] > 0)
        gaps.append(sums[1][there, 0] / sums[1][there, 1] - sums[0][there, 0] / sums[0][there, 1])
    return np.concatenate(gaps)


def _ends(
    gaps: Sequence[float], counts: Sequence[int] | None, n: int, times: int = 1
) -> tuple[float | None, float | None, str]:
    """The interval, and why there is none."""
    if n < FEWEST:
        return None, None, FEW.format(fewest=FEWEST)
    low, high = bootstrap(gaps, counts, times=times)
    if high - low < SAME:
        return None, None, EQUAL
    return low, high, ""


def _percentiles(values: np.ndarray, times: int) -> tuple[float, float]:
    tail = 100 * CHANCE / 2 / times
    low, high = np.percentile(values, (tail, 100 - tail))
    return float(low), float(high)
