"""95 % intervals, without libraries."""

import math
from collections.abc import Sequence
from math import comb
from statistics import fmean, stdev

from backend.values import MetricValue

Z = 1.959963984540054
"""The normal distribution holds 95 % of itself between -Z and Z."""


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share (Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1)."""
    share, z2 = successes / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(max(share * (1 - share), 0.0) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(name: str, count: int, n: int) -> MetricValue:
    """Return the share under that name, with Wilson's interval; without a value where there is nothing to count."""
    return MetricValue(name, count / n, *wilson(count, n), n) if n else MetricValue(name, None)


def shares(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, low and high of values between 0 and 1, one for each prompt.

    Wilson's interval of the mean: no such values vary more than a yes-or-no one of the same mean, so it is
    never too narrow for that, and has a width where all values are equal.
    """
    return fmean(values), *wilson(math.fsum(values), len(values))


def mean(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Return mean, low and high by the normal approximation; no interval for a single value."""
    middle = fmean(values)
    if len(values) < 2:
        return middle, None, None
    half = Z * stdev(values) / math.sqrt(len(values))
    return middle, middle - half, middle + half


def mcnemar(won: int, lost: int) -> float:
    """Return the two-sided p-value of McNemar's exact test (McNemar 1947, Psychometrika 12): under chance alone, each
    prompt that one of two gets right is as likely the one's as the other's."""
    changed, fewer = won + lost, min(won, lost)
    # Only the largest term is counted out: with thousands of prompts each has thousands of digits. The ones below it
    # follow from one another, comb(n, k - 1) = comb(n, k) * k / (n - k + 1), and soon add nothing.
    term = tail = comb(changed, fewer) / 2**changed
    for k in range(fewer, 0, -1):
        term *= k / (changed - k + 1)
        if tail + term == tail:
            break
        tail += term
    return min(1.0, 2 * tail)
