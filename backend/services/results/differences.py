"""The difference of two measurements on the same prompts, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 30
"""With fewer prompts no interval is given: drawing so few again says too little of others."""
RESAMPLES, FEWEST_RESAMPLES = 2000, 200
WORK = 20_000_000
"""Values that one interval may draw: with very many prompts it takes fewer resamples."""
LEVEL = (2.5, 97.5)
SAME = 1e-12
SEED = 0

FEW = "fewer than {fewest} prompts, too few for an interval"
EQUAL = "equal on every prompt, which says nothing of the width"


@dataclass(frozen=True)
class Difference:
    """The second value minus the first, on the `n` prompts that both have.

    `low` and `high`: its 95 % interval, None where it is unknown; then `why` says the reason. `p`: of McNemar's exact
    test, where the values are right or wrong.
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


def bootstrap(
    differences: Sequence[float], counts: Sequence[int] | None = None, *, seed: int = SEED
) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of the mean difference over prompts drawn with replacement.

    The paired bootstrap: each prompt is drawn with the values of both (Efron and Tibshirani 1993, An Introduction to
    the Bootstrap, section 13.3; for comparing two systems on one test set Koehn 2004, EMNLP). `counts`: how many
    prompts have each difference; then one draw is one of a multinomial distribution, whatever the number of prompts.
    The same seed gives the same interval.
    """
    generator, values = np.random.default_rng(seed), np.asarray(differences, dtype=float)
    if counts is not None:
        numbers = np.asarray(counts, dtype=int)
        total = int(numbers.sum())
        means = generator.multinomial(total, numbers / total, size=RESAMPLES) @ values / total
    else:
        times = max(FEWEST_RESAMPLES, min(RESAMPLES, WORK // len(values)))
        # One by one: all at once would be one array of prompts times resamples.
        means = np.array([values[generator.integers(len(values), size=len(values))].mean() for _ in range(times)])
    low, high = np.percentile(means, LEVEL)
    return float(low), float(high)


def of_shares(n: int, right: int, newly_right: int, newly_wrong: int, p: float | None) -> Difference:
    """The difference of two shares of right answers to the same `n` prompts, `right` of them right before."""
    if not n:
        return Difference(None, None, None, 0, why="no prompt in common")
    kept = n - newly_right - newly_wrong
    low, high, why = _ends([1.0, 0.0, -1.0], [newly_right, kept, newly_wrong], n)
    after = right + newly_right - newly_wrong
    gap = (newly_right - newly_wrong) / n
    return Difference(gap, low, high, n, right / n, after / n, p, newly_right, newly_wrong, why)


def of_values(old: dict[int, float], new: dict[int, float]) -> Difference:
    """The difference of two means over the prompts that both have a value for, by prompt."""
    common = sorted(old.keys() & new.keys())
    if not common:
        return Difference(None, None, None, 0, why="no prompt in common")
    before, after = (np.array([values[key] for key in common], dtype=float) for values in (old, new))
    gaps = after - before
    low, high, why = _ends(gaps.tolist(), None, len(common))
    return Difference(float(gaps.mean()), low, high, len(common), float(before.mean()), float(after.mean()), why=why)


def _ends(gaps: Sequence[float], counts: Sequence[int] | None, n: int) -> tuple[float | None, float | None, str]:
    """The interval, and why there is none."""
    if n < FEWEST:
        return None, None, FEW.format(fewest=FEWEST)
    low, high = bootstrap(gaps, counts)
    if high - low < SAME:
        return None, None, EQUAL
    return low, high, ""
