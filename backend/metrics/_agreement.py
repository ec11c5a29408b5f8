"""Agreement between raters as numbers: kappa from statsmodels, alpha from krippendorff, 95 % intervals by bootstrap.

Items on which the same was said are one pattern with a count. Drawing items with replacement is then one draw of a
multinomial distribution over the patterns: the same bootstrap, at a cost that does not grow with the items.
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
"""Cells that one interval may compute: where items have many values, it takes fewer resamples."""
FEW, SAME = 30, 1e-9
"""An interval without width says nothing, since drawing equal values again gives equal values. Only where all agree, on
so many items, it stands."""
LEVELS = 40
"""Scores of a continuous scale are rounded to this many steps of their range."""

Value = str | float
Pattern = tuple[Value, ...]
Counts = tuple[tuple[Pattern, int], ...]
Level = Literal["nominal", "ordinal"]
Statistic = Callable[[Any], float | None]


@dataclass(frozen=True)
class Figure:
    """A measure over `n` items with its interval; None where it is not defined, as when all said the same or few
    items leave it no width."""

    value: float | None
    low: float | None
    high: float | None
    n: int


UNKNOWN = Figure(None, None, None, 0)


def percent(items: Iterable[Sequence[Value]], *, within: float = 0.0, resamples: int = RESAMPLES) -> Figure:
    """The share of pairs of raters that agree, averaged over items; numbers agree up to a difference of `within`.

    `resamples`: 0 for no interval, which takes most of the time.
    """
    return _percent(_counted(items), within, resamples)


def cohen(pairs: Iterable[Sequence[Value]]) -> Figure:
    """Cohen's kappa of two raters; each item is (what the first said, what the second said)."""
    return _cohen(_counted(pairs, is_ordered=True))


def fleiss(items: Iterable[Sequence[Value]]) -> Figure:
    """Fleiss' kappa. It needs equally many raters on each item: of several numbers the commonest is taken."""
    return _fleiss(_counted(items))


def alpha(items: Iterable[Sequence[Value]], *, is_interval: bool = False, resamples: int = RESAMPLES) -> Figure:
    """Krippendorff's alpha, nominal or interval; items may have any number of raters from two on."""
    return _interval(_counted(items)) if is_interval else _alpha(_counted(items), "nominal", resamples)


def ordinal_alpha(items: Iterable[Sequence[Value]], *, resamples: int = RESAMPLES) -> Figure:
    """Krippendorff's alpha of ranks: two values differ by how many of all values lie between them."""
    return _alpha(_counted(items), "ordinal", resamples)


def _counted(items: Iterable[Sequence[Value]], *, is_ordered: bool = False) -> Counts:
    """Patterns and how often each occurs; who said what matters only to Cohen's kappa."""
    counts = Counter(tuple(item) if is_ordered else tuple(sorted(item)) for item in items if len(item) > 1)  # type: ignore[type-var]
    return tuple(sorted(counts.items(), key=repr))


@lru_cache(maxsize=512)
def _percent(counts: Counts, within: float, resamples: int = RESAMPLES) -> Figure:

    shares = np.array([_share(pattern, within) for pattern, _ in counts])
    return _figure(counts, lambda drawn: float(drawn @ shares / drawn.sum()), fewest=1, resamples=resamples)


def _share(pattern: Pattern, within: float) -> float:
    pairs = list(combinations(pattern, 2))
    return sum(_is_same(a, b, within) for a, b in pairs) / len(pairs)


def _is_same(a: Value, b: Value, within: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return abs(a - b) <= within


@lru_cache(maxsize=512)
def _cohen(counts: Counts) -> Figure:
    from statsmodels.stats.inter_rater import cohens_kappa

    codes = _codes(counts)
    first, second = (np.array([codes[pattern[side]] for pattern, _ in counts], dtype=int) for side in (0, 1))

    def kappa(drawn: Any) -> float | None:
        table = np.zeros((len(codes), len(codes)))
        np.add.at(table, (first, second), drawn)
        is_used = (table.sum(axis=0) + table.sum(axis=1)) > 0
        return float(cohens_kappa(table, return_results=False)) if is_used.sum() > 1 else None

    return _figure(counts, kappa)


@lru_cache(maxsize=512)
def _fleiss(counts: Counts) -> Figure:
    from statsmodels.stats.inter_rater import fleiss_kappa

    raters: Counter[int] = Counter()
    for pattern, number in counts:
        raters[len(pattern)] += number
    commonest = max(raters, key=lambda size: (raters[size], size), default=0)
    counts = tuple(count for count in counts if len(count[0]) == commonest)
    rows, _ = _rows(counts, _codes(counts))

    def kappa(drawn: Any) -> float | None:
        table = np.repeat(rows, drawn, axis=0)
        return float(fleiss_kappa(table)) if (table.sum(axis=0) > 0).sum() > 1 else None

    return _figure(counts, kappa, cells=rows.shape[1] if len(rows) else 1)


@lru_cache(maxsize=512)
def _interval(counts: Counts) -> Figure:
    return _interval_alpha(_rounded(counts))


@lru_cache(maxsize=512)
def _alpha(counts: Counts, level: Level, resamples: int) -> Figure:
    import krippendorff

    rows, domain = _rows(counts, _codes(counts))
    values = np.arange(len(domain))

    def alpha_of(drawn: Any) -> float | None:
        table = np.repeat(rows, drawn, axis=0)
        is_used = table.sum(axis=0) > 0
        if is_used.sum() < 2:
            return None
        return float(
            krippendorff.alpha(value_counts=table[:, is_used], value_domain=values[is_used], level_of_measurement=level)
        )

    return _figure(counts, alpha_of, cells=len(domain) ** 2, resamples=resamples)


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

    def alpha_of(drawn: Any) -> float | None:
        if (drawn @ rows > 0).sum() < 2:
            return None
        n, total = drawn @ raters, drawn @ sums
        return float(1 - (n - 1) * (drawn @ within) / (n * (drawn @ squares) - total**2))

    return _figure(counts, alpha_of)


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
    counts: Counts, statistic: Statistic, *, cells: int = 1, fewest: int = 2, resamples: int = RESAMPLES
) -> Figure:
    """The statistic on the items as they are, and the middle 95 % of it on items drawn with replacement.

    `fewest`: on fewer items it says nothing and stays None.
    """

    numbers = np.array([number for _, number in counts], dtype=int)
    total = int(numbers.sum())
    value = statistic(numbers) if total >= fewest else None
    if value is None or total < 2 or not resamples:
        return Figure(value, None, None, total)
    times = max(FEWEST_RESAMPLES, min(resamples, WORK // (total * cells)))
    draws = np.random.default_rng(0).multinomial(total, numbers / total, size=times)
    values = [value for value in map(statistic, draws) if value is not None]
    low, high = np.percentile(values, [2.5, 97.5]) if values else (value, value)
    if not values or (high - low < SAME and (total < FEW or value < 1 - SAME)):
        return Figure(value, None, None, total)
    return Figure(value, float(low), float(high), total)
