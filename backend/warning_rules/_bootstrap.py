"""95 % intervals by drawing groups anew: the texts of one question are no independent rows."""

import math
from collections.abc import Callable, Iterable, Sequence

TIMES, MOST_BLOCKS, SEED = 1000, 2000, 7

Sums = tuple[float, ...]


def bootstrap(
    rows: Sequence[Sums], statistic: Callable[[Sums], float | None], level: float = 0.05
) -> tuple[float | None, float | None]:
    """Return the quantiles of a statistic of sums over groups that leave half of `level` out on each side (percentile
    bootstrap, Efron 1979).

    rows: what each group adds to the sums. Where there are more groups than `MOST_BLOCKS`, neighbours are drawn
    together. The same rows have the same interval. None where the statistic is not known of any draw.
    """
    import numpy

    table = numpy.asarray(rows, dtype=float)
    if len(table) > MOST_BLOCKS:
        starts = numpy.linspace(0, len(table), MOST_BLOCKS, endpoint=False, dtype=int)
        table = numpy.add.reduceat(table, starts, axis=0)
    chance = numpy.random.default_rng(SEED)
    n = len(table)
    draws = chance.multinomial(n, [1 / n] * n, size=TIMES) @ table
    return quantiles((x for draw in draws if (x := statistic(tuple(draw))) is not None), level)


def quantiles(drawn: Iterable[float], level: float = 0.05) -> tuple[float | None, float | None]:
    """Return the quantiles of the finite numbers drawn that leave half of `level` out on each side; None without."""
    values = sorted(filter(math.isfinite, drawn))
    if not values:
        return None, None
    return values[int(level / 2 * (len(values) - 1))], values[math.ceil((1 - level / 2) * (len(values) - 1))]


def standard_error(rows: Sequence[Sums], statistic: Callable[[Sums], float | None]) -> float:
    """Return the standard error that the 95 % interval stands for; 0 where that is not known."""
    low, high = bootstrap(rows, statistic)
    return 0.0 if low is None or high is None else (high - low) / (2 * 1.96)


def total(rows: Sequence[Sums]) -> Sums:
    """Return the sums over all groups."""
    return tuple(math.fsum(column) for column in zip(*rows, strict=True))


def ratio(sums: Sums) -> float | None:
    """Return the first sum divided by the second."""
    return sums[0] / sums[1] if sums[1] else None
