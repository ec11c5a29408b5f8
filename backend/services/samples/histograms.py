"""How scores or lengths of a round's samples are spread: counted in most rounds, estimated in very large ones."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from backend.db import reading
from backend.db.filters import Filters, SortKey
from backend.db.listing import COLUMN, Scope, scope
from backend.db.tables.judgment import UNSCORED
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import visibility

BINS = 20
COUNTED = 100_000
"""Of so many samples all are counted, in some 5 ms."""
BLOCKS, IN_BLOCK = 100, 50
"""Of more, blocks of that many ids in a row are looked at, at the same distance from each other."""


@dataclass(frozen=True)
class HistogramBin:
    """From `low` up to, but not including, `high`, which only the last one holds. `is_exact` False: the count is
    estimated. `least` and `most`: the lowest and the highest value in it, None where it is empty."""

    low: float
    high: float
    count: int
    is_exact: bool = True
    least: float | None = None
    most: float | None = None


def histogram(actor: Actor, round_id: int, of: SortKey = SortKey.score) -> list[HistogramBin]:
    """How the round's effective scores, or its samples' lengths in tokens, are spread, in up to 20 bins; samples
    without a score are in none.

    Of a round of more than `COUNTED` samples the counts are estimates: a share of the samples p comes out with a
    standard error of about sqrt(p (1 - p) / 5,000), more where samples made one after the other are alike. Empty while
    the scores, or those that colleagues gave, are hidden from the actor. Raises `InvalidInput` for another key.
    """
    if of not in (SortKey.score, SortKey.length):
        raise InvalidInput(f"There is no histogram of {of}. Ask for that of score or of length.")
    column = COLUMN[of]
    with reading() as db:
        if visibility.hidden(db, actor, get_row(db, actor, round_id)):
            return []
        asked = scope(db, round_id, Filters())
        low, high = ends(asked, column)
        if low is None or high is None:
            return []
        edges = edges_of(low, high, is_whole=of is SortKey.length)
        counts = estimate(asked, edges, column)
        numbers, values = count(asked, edges, column) if counts is None else counts, extremes(asked, edges, column)
    whole = zip(pairwise(edges), numbers, values, strict=True)
    return [HistogramBin(*pair, number, counts is None, *held) for pair, number, held in whole]


def edges_of(low: float, high: float, *, is_whole: bool) -> list[float]:
    """The edges of the bins; of whole numbers they are whole."""
    if high <= low:
        return [low, high]
    if not is_whole:
        return [low, *(low + n * (high - low) / BINS for n in range(1, BINS)), high]
    width = max(1, math.ceil((high - low) / BINS))
    return [*range(int(low), int(high), width), int(high)]


def ends(asked: Scope, column: str) -> tuple[float | None, float | None]:
    """The lowest and the highest value, read from the ends of each facet's index range."""
    if not asked.facets:
        return None, None
    where = f"FROM {asked.labels(column)} WHERE round_id = :round AND facet = f.facet AND {column} > {UNSCORED!r}"
    low, high = (f"{end}((SELECT {end}({column}) {where}))" for end in ("min", "max"))
    ends_: tuple[float | None, float | None] = asked.row(f"WITH {asked.each()} SELECT {low}, {high} FROM f")
    return ends_[0], ends_[1]


def count(asked: Scope, edges: list[float], column: str) -> list[int]:
    """Count each stretch of the index by facet: stepping through an index is much faster than grouping rows."""
    return [int(number or 0) for (number,) in by_bin(asked, edges, column, [("sum", "count(*)")])]


def extremes(asked: Scope, edges: list[float], column: str) -> list[tuple[float | None, float | None]]:
    """The lowest and the highest value of each stretch: two looks into the index for each facet."""
    return by_bin(asked, edges, column, [(end, f"{end}({column})") for end in ("min", "max")])


def by_bin(asked: Scope, edges: list[float], column: str, asks: list[tuple[str, str]]) -> list[Any]:
    """For each stretch, in order, what is asked of each facet's rows in it, put together. The last holds its end."""
    end = edges[-1] + 1 if isinstance(edges[-1], int) else math.nextafter(edges[-1], math.inf)
    highs = [*edges[1:-1], end]
    bins = ", ".join(f"({n}, {low!r}, {high!r})" for n, (low, high) in enumerate(zip(edges[:-1], highs, strict=True)))
    inside = f"round_id = :round AND facet = f.facet AND {column} >= b.low AND {column} < b.high"
    of_bin = ", ".join(f"{whole}((SELECT {each} FROM {asked.labels(column)} WHERE {inside}))" for whole, each in asks)
    parts = f"{asked.each()}, b(n, low, high) AS (VALUES {bins})"
    sql = f"WITH {parts} SELECT b.n, {of_bin} FROM f CROSS JOIN b GROUP BY b.n"
    counts = {n: tuple(values) for n, *values in asked.all(sql)}
    return [counts.get(n, (None,) * len(asks)) for n in range(len(highs))]


def estimate(asked: Scope, edges: list[float], column: str) -> list[int] | None:
    """The counts, estimated from some of the samples; None of a round of few enough to be counted.

    Samples have ids in the order in which they were made, but not without gaps: other rounds may run beside.
    """
    first, last = asked.ends
    span = last - first + 1
    if span <= COUNTED:
        return None
    starts = ", ".join(f"({first + n * (span - IN_BLOCK) // (BLOCKS - 1)})" for n in range(BLOCKS))
    block = f"sample_id BETWEEN b.start AND b.start + {IN_BLOCK - 1} AND +round_id = :round"
    if asked.is_sqlite:
        labels = f"labels WHERE {block}"
    else:
        # PostgreSQL takes a ninth of all labels to be in each block, and reads them all, unless a limit tells.
        labels = f"LATERAL (SELECT {column} FROM labels WHERE {block} ORDER BY sample_id LIMIT {IN_BLOCK}) AS l"
    sql = f"WITH b(start) AS (VALUES {starts}) SELECT {column}, count(*) FROM b CROSS JOIN {labels} GROUP BY {column}"
    seen = asked.all(sql)
    share = BLOCKS * IN_BLOCK / span
    if sum(number for _, number in seen) / share <= COUNTED:
        return None
    counts = [0.0] * (len(edges) - 1)
    for value, number in seen:
        if value > UNSCORED:
            counts[min(bisect_right(edges, value), len(edges) - 1) - 1] += number / share
    return [round(number) for number in counts]
