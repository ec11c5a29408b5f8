"""Numbers with 95 % intervals: Wilson's for shares, the bootstrap for what is made of groups or ranks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.garbage import lasting_module
from backend.metrics._intervals import mean, wilson
from backend.pipeline.health.shapes import Estimate

RESAMPLES, FEWEST_RESAMPLES, CELLS = 1000, 200, 2_000_000
"""So many resamples, fewer where they would have more cells together."""
ENDS = (2.5, 97.5)
FEWEST_GROUPS = 10
"""Of fewer groups drawn again, an interval is far too narrow: one group alone has none at all."""


def share(count: int, n: int) -> Estimate:
    """A share of independent rows."""
    return Estimate(count / n, *wilson(count, n), n) if n else Estimate()


def average(values: Sequence[float]) -> Estimate:
    return Estimate(*mean(values), len(values)) if values else Estimate()


def ratio(parts: Sequence[tuple[float, int]]) -> Estimate:
    """The share of pairs, given as (how many, of how many) of each group: groups are drawn again, not pairs.

    Without an interval for fewer than `FEWEST_GROUPS` groups with pairs. Where the bootstrap has no width, as with all
    pairs alike, Wilson's interval over the groups stands for it.
    """
    used = [part for part in parts if part[1]]
    if not used:
        return Estimate()
    count, of = (np.array(column, dtype=float) for column in zip(*used, strict=True))
    value, total = float(count.sum() / of.sum()), int(of.sum())
    if len(used) < FEWEST_GROUPS:
        return Estimate(value, None, None, total)
    drawn = _drawn(len(used))
    ratios = (drawn @ count) / (drawn @ of)
    low, high = map(float, np.percentile(ratios, ENDS))
    if high - low < 1e-9:
        low, high = wilson(value * len(used), len(used))
    return Estimate(value, low, high, total)


def calibration_error(
    scores: Sequence[float | None], accepted: Sequence[bool], bins: int, turns: Callable[[Any], Any] | None = None
) -> Estimate:
    """The expected calibration error over so many bins of equal width; `scores` from 0 to 1, None for a text without.

    `turns` makes of one line a text one line a draw, where texts were not all drawn alike. The reflected bootstrap:
    drawn again, the error is on average larger than it is.
    """
    n = sum(score is not None for score in scores)
    if not n:
        return Estimate()
    gaps = np.zeros((len(scores), bins + 1))
    for line, score, is_good in zip(gaps, scores, accepted, strict=True):
        if score is not None:
            line[place(score, bins)], line[bins] = score - is_good, 1
    lines = gaps if turns is None else turns(gaps)
    value = float(_mean_gap(lines.mean(axis=0)[None])[0])
    errors = _mean_gap(resampled(lines))
    low, high = (2 * value - float(end) for end in np.percentile(errors, ENDS[::-1]))
    # Reflected, an interval may lie beside the value it is of.
    return Estimate(value, max(0.0, min(low, value)), min(1.0, max(high, value)), n)


def _mean_gap(lines: Any) -> Any:
    """Of each line of summed gaps by bin and the number of texts; 0 where it has no text."""
    gaps = np.abs(lines[:, :-1]).sum(axis=1)
    return np.divide(gaps, lines[:, -1], out=np.zeros(len(gaps)), where=lines[:, -1] > 0)


def resampled(lines: Any) -> Any:
    """The means of lines that are drawn again, one line a resample."""
    n = len(lines)
    patterns, counts = np.unique(lines, axis=0, return_counts=True)
    if len(patterns) * FEWEST_RESAMPLES > CELLS:
        return _drawn(n) @ lines / n
    # Equal lines are one pattern with a count: the same bootstrap, at a cost that does not grow with the lines.
    drawn = np.random.default_rng(0).multinomial(n, counts / n, size=_times(len(patterns)))
    return drawn @ patterns / n


def place(score: float, bins: int) -> int:
    """The bin of a score from 0 to 1."""
    return min(bins - 1, int(score * bins))


def rank_correlation(strata: Sequence[Sequence[tuple[float, float]]]) -> Estimate:
    """Spearman's correlation within each stratum, averaged by their rows; None where no stratum has two values of each.

    Rows are drawn again within their stratum.
    """
    used = [np.array(stratum, dtype=float) for stratum in strata if len(stratum) > 2]
    used = [stratum for stratum in used if len(set(stratum[:, 0])) > 1 and len(set(stratum[:, 1])) > 1]
    total = sum(len(stratum) for stratum in used)
    if not used:
        return Estimate(n=sum(map(len, strata)))
    chance, times = np.random.default_rng(0), _times(total)
    value, drawn = 0.0, np.zeros(times)
    for stratum in used:
        n = len(stratum)
        picked = stratum[chance.integers(0, n, size=(times, n))]
        value += float(_spearman(stratum[None, :, 0], stratum[None, :, 1])[0]) * n / total
        drawn += _spearman(picked[:, :, 0], picked[:, :, 1]) * n / total
    low, high = map(float, np.percentile(drawn, ENDS))
    return Estimate(value, low, high, total)


def difference(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """The mean of the first less that of the second, rows drawn again within each."""
    if not first or not second:
        return Estimate(n=len(first) + len(second))
    a, b = np.array(first, dtype=float), np.array(second, dtype=float)
    differences = _drawn(len(a)) @ a / len(a) - _drawn(len(b), seed=1) @ b / len(b)
    low, high = map(float, np.percentile(differences, ENDS))
    return Estimate(float(a.mean() - b.mean()), low, high, len(a) + len(b))


def _times(cells: int) -> int:
    return max(FEWEST_RESAMPLES, min(RESAMPLES, CELLS // max(cells, 1)))


def _drawn(n: int, *, seed: int = 0) -> Any:
    """How often each of n rows is drawn, one line a resample: an array, or its products where it is large."""
    if n * FEWEST_RESAMPLES > CELLS:
        return _Resamples(n, seed)
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_times(n))


@dataclass(frozen=True)
class _Resamples:
    """Resamples of many rows. Their lines are drawn again for each product, one at a time: together they would take
    gigabytes for a million rows."""

    n: int
    seed: int

    def __matmul__(self, values: Any) -> Any:
        chance = np.random.default_rng(self.seed)
        picked = (chance.integers(0, self.n, size=self.n) for _ in range(_times(self.n)))
        return np.array([np.bincount(line, minlength=self.n) @ values for line in picked])


def _spearman(first: Any, second: Any) -> Any:
    """Of each line; 0 where all of a line's values are equal."""
    rankdata = lasting_module("scipy.stats").rankdata
    a, b = (rankdata(values, axis=1) for values in (first, second))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.zeros(len(a)), where=scale > 0)
