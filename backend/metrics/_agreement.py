"""Agreement between raters as numbers: percent, Cohen's and Fleiss' kappa, Krippendorff's alpha; 95 % intervals by
bootstrap.

Items on which the same was said are one pattern with a count. Drawing items with replacement is then one draw of a
multinomial distribution over the patterns: the same bootstrap, at a cost that does not grow with the items. Each
measure is computed of all draws at once, from sums over the patterns; tests hold its values against those of
statsmodels and krippendorff, which take one table at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

import numpy as np

RESAMPLES = 1000
FEWEST_RESAMPLES = 100
WORK = 20_000_000
"""Numbers that one interval may compute with: where items have many values, it takes fewer resamples."""
FEW, SAME = 30, 1e-9
"""An interval without width says nothing, since drawing equal values again gives equal values. Only where all agree, on
so many items, it stands."""
LEVELS = 40
"""Scores of a continuous scale are rounded to this many steps of their range."""

Value = str | float
Pattern = tuple[Value, ...]
Counts = tuple[tuple[Pattern, int], ...]
Items = Iterable[Sequence[Value]] | Counter[Pattern]
"""What was said of each item; or the patterns with how many items have them."""
Level = Literal["nominal", "ordinal"]
Statistic = Callable[[Any], Any]
"""Of draws, an array with how often each pattern was drawn, one line a draw; their values, NaN where undefined."""


@dataclass(frozen=True)
class Figure:
    """A measure over `n` items with its interval; None where it is not defined, as when all said the same or few
    items leave it no width."""

    value: float | None
    low: float | None
    high: float | None
    n: int


UNKNOWN = Figure(None, None, None, 0)


def percent(items: Items, *, within: float = 0.0, resamples: int = RESAMPLES) -> Figure:
    """The share of pairs of raters that agree, averaged over items; numbers agree up to a difference of `within`.

    `resamples`: 0 for no interval, which takes most of the time.
    """
    return _percent(_counted(items), within, resamples)


def cohen(pairs: Items) -> Figure:
    """Cohen's kappa of two raters; each item is (what the first said, what the second said)."""
    return _cohen(_counted(pairs, is_ordered=True))


def fleiss(items: Items) -> Figure:
    """Fleiss' kappa. It needs equally many raters on each item: of several numbers the commonest is taken."""
    return _fleiss(_counted(items))


def alpha(items: Items, *, is_interval: bool = False, resamples: int = RESAMPLES) -> Figure:
    """Krippendorff's alpha, nominal or interval; items may have any number of raters from two on."""
    return _interval(_counted(items)) if is_interval else _alpha(_counted(items), "nominal", resamples)


def ordinal_alpha(items: Items, *, resamples: int = RESAMPLES) -> Figure:
    """Krippendorff's alpha of ranks: two values differ by how many of all values lie between them."""
    return _alpha(_counted(items), "ordinal", resamples)


def _counted(items: Items, *, is_ordered: bool = False) -> Counts:
    """Patterns and how often each occurs; who said what matters only to Cohen's kappa."""
    counts = Counter[Pattern]()
    for item, number in items.items() if isinstance(items, Counter) else Counter(map(tuple, items)).items():
        if len(item) > 1:
            counts[item if is_ordered else tuple(sorted(item))] += number  # type: ignore[type-var]
    return tuple(sorted(counts.items(), key=repr))


@lru_cache(maxsize=512)
def _percent(counts: Counts, within: float, resamples: int = RESAMPLES) -> Figure:
    by_share = Counter[float]()
    for pattern, number in counts:
        by_share[_share(pattern, within)] += number
    shares = np.array(sorted(by_share))
    numbers = [by_share[share] for share in sorted(by_share)]
    return _figure(numbers, lambda drawn: drawn @ shares / drawn.sum(axis=1), fewest=1, resamples=resamples)


def _share(pattern: Pattern, within: float) -> float:
    pairs = list(combinations(pattern, 2))
    return sum(_is_same(a, b, within) for a, b in pairs) / len(pairs)


def _is_same(a: Value, b: Value, within: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return abs(a - b) <= within


@lru_cache(maxsize=512)
def _cohen(counts: Counts) -> Figure:
    """(po - pe) / (1 - pe), Cohen 1960: the share of items on which both say the same, and that by chance."""
    codes = _codes(counts)
    first, second = (np.eye(len(codes))[[codes[pattern[side]] for pattern, _ in counts]] for side in (0, 1))
    is_same = (first * second).sum(axis=1)

    def kappa(drawn: Any) -> Any:
        total = drawn.sum(axis=1)
        left, right = drawn @ first, drawn @ second
        chance = (left * right).sum(axis=1) / total**2
        return _defined(drawn @ is_same / total - chance, 1 - chance, left + right)

    return _figure(_numbers(counts), kappa, cells=len(codes))


@lru_cache(maxsize=512)
def _fleiss(counts: Counts) -> Figure:
    """(P - Pe) / (1 - Pe), Fleiss 1971, formulas 3 to 7."""
    raters: Counter[int] = Counter()
    for pattern, number in counts:
        raters[len(pattern)] += number
    commonest = max(raters, key=lambda size: (raters[size], size), default=0)
    counts = tuple(count for count in counts if len(count[0]) == commonest)
    rows, domain = _rows(counts, _codes(counts))
    agreeing = (rows * (rows - 1)).sum(axis=1) / max(1, commonest * (commonest - 1))

    def kappa(drawn: Any) -> Any:
        given = drawn @ rows
        chance = (given**2).sum(axis=1) / given.sum(axis=1) ** 2
        return _defined(drawn @ agreeing / drawn.sum(axis=1) - chance, 1 - chance, given)

    return _figure(_numbers(counts), kappa, cells=len(domain))


def _defined(above: Any, below: Any, given: Any) -> Any:
    """The quotient; NaN where fewer than two values were given. given: how often each was, one line a draw."""
    is_known = (given > 0).sum(axis=1) > 1
    return np.divide(above, below, out=np.full(len(above), np.nan), where=is_known & (np.abs(below) > 0))


@lru_cache(maxsize=512)
def _interval(counts: Counts) -> Figure:
    return _interval_alpha(_rounded(counts))


@lru_cache(maxsize=512)
def _alpha(counts: Counts, level: Level, resamples: int) -> Figure:
    """1 - Do / De from the coincidences of values within items (Krippendorff 2011, section D)."""
    rows, domain = _rows(counts, _codes(counts))
    raters, cells = rows.sum(axis=1), len(domain)
    pairs = rows[:, :, None] * rows[:, None, :] - rows[:, :, None] * np.eye(cells, dtype=int)
    coincidences = (pairs / np.maximum(raters - 1, 1)[:, None, None]).reshape(len(rows), cells**2)

    def alpha_of(drawn: Any) -> Any:
        given, total = drawn @ rows, drawn @ raters
        if level == "ordinal":
            # Two values lie as far apart as values were given between them, each of the two counted half.
            upto = np.cumsum(given, axis=1) - given / 2
            apart = (upto[:, :, None] - upto[:, None, :]) ** 2
        else:
            apart = np.broadcast_to(1 - np.eye(cells), (len(drawn), cells, cells))
        observed = ((drawn @ coincidences) * apart.reshape(len(drawn), cells**2)).sum(axis=1)
        expected = np.einsum("ri,rij,rj->r", given, apart, given)
        return 1 - _defined(observed * (total - 1), expected, given)

    return _figure(_numbers(counts), alpha_of, cells=cells**2, resamples=resamples)


def _interval_alpha(counts: Counts) -> Figure:
    """Krippendorff's alpha of numbers, from sums of squares.

    Within the items and over all values, squared differences of ordered pairs add up to 2 (m * sum of squares - square
    of the sum) of m values: no table of all pairs of values is needed in each resample, as it is in `krippendorff`.
    """
    rows, domain = _rows(counts, _codes(counts))
    values = np.array(domain, dtype=float)
    values = values - values.mean() if len(values) else values
    raters, sums, squares = rows.sum(axis=1), rows @ values, rows @ values**2
    within = (raters * squares - sums**2) / np.maximum(raters - 1, 1)

    def alpha_of(drawn: Any) -> Any:
        n, total = drawn @ raters, drawn @ sums
        return 1 - _defined((n - 1) * (drawn @ within), n * (drawn @ squares) - total**2, drawn @ rows)

    return _figure(_numbers(counts), alpha_of, cells=len(domain))


def _numbers(counts: Counts) -> list[int]:
    return [number for _, number in counts]


def _codes(counts: Counts) -> dict[Value, int]:
    values = sorted({value for pattern, _ in counts for value in pattern})  # type: ignore[type-var]
    return {value: code for code, value in enumerate(values)}


def _rows(counts: Counts, codes: dict[Value, int]) -> tuple[Any, list[Value]]:
    """How many raters gave each value, one row a pattern; and the values."""

    rows = np.zeros((len(counts), len(codes)), dtype=int)
    for place, (pattern, _) in enumerate(counts):
        for value in pattern:
            rows[place, codes[value]] += 1
    return rows, list(codes)


def _rounded(counts: Counts) -> Counts:
    values = {float(value) for pattern, _ in counts for value in pattern}
    if len(values) <= LEVELS:
        return counts
    low, step = min(values), (max(values) - min(values)) / LEVELS
    merged: Counter[Pattern] = Counter()
    for pattern, number in counts:
        merged[tuple(sorted(low + round((float(value) - low) / step) * step for value in pattern))] += number
    return tuple(sorted(merged.items(), key=repr))


def _figure(
    numbers: Sequence[int], statistic: Statistic, *, cells: int = 1, fewest: int = 2, resamples: int = RESAMPLES
) -> Figure:
    """The statistic on the items as they are, and the middle 95 % of it on items drawn with replacement.

    `numbers`: of items with each pattern. `cells`: so many numbers are computed with for each pattern of a draw.
    `fewest`: on fewer items it says nothing and stays None.
    """
    total = int(sum(numbers))
    given = np.array([numbers], dtype=float)
    value = float(statistic(given)[0]) if total >= fewest else np.nan
    if np.isnan(value):
        return Figure(None, None, None, total)
    if total < 2 or not resamples:
        return Figure(value, None, None, total)
    times = max(FEWEST_RESAMPLES, min(resamples, WORK // (len(numbers) * cells)))
    values = statistic(np.random.default_rng(0).multinomial(total, given[0] / total, size=times).astype(float))
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (value, value)
    if not len(values) or (high - low < SAME and (total < FEW or value < 1 - SAME)):
        return Figure(value, None, None, total)
    return Figure(value, float(low), float(high), total)
