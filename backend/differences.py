"""The difference of two measurements, with its interval: the one way in which pages, rules and REST compute it.

On the same prompts a paired bootstrap over the prompts; of right and wrong answers beside McNemar's exact test, which
has the last word on whether chance explains the difference. Shares of rows that belong to prompts have an interval with
a standard error clustered by prompt. Where no value is kept for each prompt, the two intervals are put together as
those of independent numbers, which says nothing of chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from backend.metrics._intervals import mcnemar

FEWEST = 30
"""With fewer prompts no interval is given: drawing so few again says too little of others."""
RESAMPLES, MOST_RESAMPLES = 2000, 20_000
MANY = 200
"""So many different values are drawn again; of more the mean has the normal interval, which the bootstrap comes to."""
CHANCE = 0.05
Z = 1.959963984540054
"""The normal distribution holds 95 % of itself between -Z and Z."""
SAME = 1e-12
SEED = 0

FEW = "fewer than {fewest} prompts, too few for an interval"
EQUAL = "equal on every prompt, which says nothing of the width"
APART = "on other prompts"
PARTLY = "partly on other prompts"
UNNAMED = "on prompts that are too many to be paired"
INDEPENDENT = "as independent numbers"
NO_WIDTH = "no value is kept for each prompt, and one of the two has no interval"

_Key = TypeVar("_Key")


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
    def is_sure(self) -> bool:
        """Whether chance does not explain the difference: by the exact test where there is one, also where there is no
        interval; else where the interval lies on one side of 0. Never of two numbers that count as independent."""
        if self.p is not None:
            return self.p < CHANCE
        if self.low is None or self.high is None or self.why == INDEPENDENT:
            return False
        return self.low > 0 or self.high < 0

    @property
    def is_better(self) -> bool:
        """Whether the second value is higher beyond chance."""
        return self.is_sure and self.value is not None and self.value > 0

    @property
    def is_worse(self) -> bool:
        """Whether the second value is lower beyond chance."""
        return self.is_sure and self.value is not None and self.value < 0


def bootstrap(
    differences: Sequence[float], counts: Sequence[int] | None = None, *, seed: int = SEED, times: int = 1
) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of the mean difference over prompts drawn with replacement.

    The paired bootstrap: each prompt is drawn with the values of both (Efron and Tibshirani 1993, An Introduction to
    the Bootstrap, section 13.3; for comparing two systems on one test set Koehn 2004, EMNLP). `counts`: how many
    prompts have each difference; one draw is one of a multinomial distribution, whatever the number of prompts. Of more
    than `MANY` different values the interval is the normal one, to which this comes. `times`: so many intervals hold
    together (Bonferroni). The same seed gives the same interval.
    """
    values = np.asarray(differences, dtype=float)
    if counts is None:
        values, numbers = np.unique(values, return_counts=True)
    else:
        numbers = np.asarray(counts, dtype=int)
    total = int(numbers.sum())
    if len(values) > MANY:
        middle = float(numbers @ values) / total
        half = normal_bound(times) * sqrt(float(numbers @ (values - middle) ** 2) / (total - 1) / total)
        return middle - half, middle + half
    resamples = min(RESAMPLES * times, MOST_RESAMPLES)
    means = np.random.default_rng(seed).multinomial(total, numbers / total, size=resamples) @ values / total
    tail = 100 * CHANCE / 2 / times
    low, high = np.percentile(means, (tail, 100 - tail))
    return float(low), float(high)


def of_shares(n: int, right: int, newly_right: int, newly_wrong: int, *, times: int = 1) -> Difference:
    """The difference of two shares of right answers to the same `n` prompts, `right` of them right before.

    `times`: how many such differences are looked at together; interval and p then hold for all of them (Bonferroni).
    """
    if not n:
        return Difference(None, None, None, 0, why="no prompt in common")
    p = min(1.0, times * mcnemar(newly_right, newly_wrong))
    kept = n - newly_right - newly_wrong
    gap = (newly_right - newly_wrong) / n
    low, high, why = _ends([1.0, 0.0, -1.0], [newly_right, kept, newly_wrong], n, times)
    if why == EQUAL and gap:
        low, high, why = *_all_alike(gap, n, CHANCE / 2 / times), ""
    if low is not None and high is not None and p >= CHANCE:
        # The bootstrap is too narrow for few prompts that changed: the exact test has the last word.
        low, high = min(low, 0.0), max(high, 0.0)
        # Nor do resamples hold a kind of change that was not seen: Clopper and Pearson's bound of its share.
        unseen = 1 - (CHANCE / 2 / times) ** (1 / n)
        low = low if newly_wrong else min(low, gap - unseen)
        high = high if newly_right else max(high, gap + unseen)
    after = right + newly_right - newly_wrong
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


def of_counts(old: Mapping[_Key, Sequence[int]], new: Mapping[_Key, Sequence[int]]) -> Difference:
    """The difference of two shares whose rows belong to prompts, (counted, of how many) by prompt.

    The interval is that of a ratio of sums by the delta method, its standard error clustered by prompt, as rows of one
    prompt are alike (Cochran 1977, Sampling Techniques, section 6.4; Miller 2024, arXiv 2411.00640, section 2.2). What
    both sides have of one prompt counts as paired, whatever else each of them has.
    """
    tables = [np.array([*values.values()], dtype=float).reshape(-1, 2) for values in (old, new)]
    keys = [[key for key, (_, rows) in values.items() if rows] for values in (old, new)]
    sides = [table[table[:, 1] > 0] for table in tables]
    if not all(len(side) for side in sides):
        return Difference(None, None, None, 0, why="no row on one side")
    before, after = (_errors(side) for side in sides)
    if keys[0] == keys[1]:
        errors, common = after - before, len(before)
    else:
        added = dict(zip(keys[0], (-before).tolist(), strict=True))
        for key, error in zip(keys[1], after.tolist(), strict=True):
            added[key] = added.get(key, 0.0) + error
        errors, common = np.array([*added.values()]), len(before) + len(after) - len(added)
    why = "" if common == len(errors) else PARTLY if common else APART
    return _clustered(sides, [np.ones(len(side)) for side in sides], float(errors @ errors), why)


def of_histograms(old: Sequence[Sequence[int]], new: Sequence[Sequence[int]]) -> Difference:
    """The same of (counted, of how many, prompts that have both), where the prompts are not named: each side's vary on
    their own."""
    sides, weights = [], []
    for rows in (old, new):
        table = np.array([row for row in rows if row[1]], dtype=float).reshape(-1, 3)
        sides.append(table[:, :2])
        weights.append(table[:, 2])
    if not all(len(side) for side in sides):
        return Difference(None, None, None, 0, why="no row on one side")
    squares = sum(float(number @ _errors(side, number) ** 2) for side, number in zip(sides, weights, strict=True))
    return _clustered(sides, weights, squares, UNNAMED)


def of_independent(
    old: tuple[float, float | None, float | None], new: tuple[float, float | None, float | None]
) -> Difference:
    """The difference of two numbers, (value, low, high), by their own intervals alone.

    Each end is made of the ends that lead there (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10): that of
    two shares stays between -1 and 1.
    """
    (before, old_low, old_high), (after, new_low, new_high) = old, new
    gap = after - before
    if old_low is None or old_high is None or new_low is None or new_high is None:
        return Difference(gap, None, None, 0, before, after, why=NO_WIDTH)
    low = gap - hypot(after - new_low, old_high - before)
    high = gap + hypot(new_high - after, before - old_low)
    return Difference(gap, low, high, 0, before, after, why=INDEPENDENT)


def _errors(side: np.ndarray, prompts: np.ndarray | None = None) -> np.ndarray:
    """What each prompt adds to the error of the ratio of sums: (counted - ratio * rows) / all rows."""
    weights = np.ones(len(side)) if prompts is None else prompts
    counted, rows = weights @ side
    n = float(weights.sum())
    scaled: np.ndarray = (side[:, 0] - counted / rows * side[:, 1]) / rows * sqrt(n / max(n - 1, 1.0))
    return scaled


def _clustered(sides: Sequence[np.ndarray], weights: Sequence[np.ndarray], squares: float, why: str) -> Difference:
    sums = [weight @ side for side, weight in zip(sides, weights, strict=True)]
    before, after = (float(counted / rows) for counted, rows in sums)
    gap, n = after - before, int(min(weight.sum() for weight in weights))
    if n < FEWEST:
        return Difference(gap, None, None, n, before, after, why=FEW.format(fewest=FEWEST))
    half = Z * sqrt(squares)
    if half > SAME:
        # Each share is of 0 to 1, which the normal interval does not know.
        low, high = max(-1.0, gap - half), min(1.0, gap + half)
        return Difference(gap, low, high, n, before, after, why=why)
    if abs(gap) < SAME:
        return Difference(gap, None, None, n, before, after, why=EQUAL)
    return Difference(gap, *_all_alike(gap, n, CHANCE / (4 if why else 2)), n, before, after, why=why)


def _all_alike(gap: float, n: int, tail: float) -> tuple[float, float]:
    """The ends where all `n` prompts differ by the same, and resamples have no width: Clopper and Pearson's exact lower
    bound of the share of prompts that do is tail^(1/n), and the others may differ by 1 either way."""
    share = tail ** (1 / n)
    return max(-1.0, share * gap - (1 - share)), min(1.0, share * gap + (1 - share))


def normal_bound(times: int) -> float:
    """Between this and its negative the normal distribution holds 1 - 5 % / `times` of itself."""
    return NormalDist().inv_cdf(1 - CHANCE / 2 / times)


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
