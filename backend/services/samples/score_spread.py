"""How the scores of a round's samples are spread: counted in most rounds, estimated in very large ones."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from backend.db import reading
from backend.db.filters import Filters
from backend.db.listing import Scope, scope
from backend.db.tables.judgment import UNSCORED
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import visibility

BINS = 20
COUNTED = 100_000
"""Of so many samples all are counted, in some 5 ms."""
BLOCKS, IN_BLOCK = 100, 50
"""Of more, blocks of that many ids in a row are looked at, at the same distance from each other."""


@dataclass(frozen=True)
class ScoreBin:
    """`is_exact` False: the count is estimated."""

    low: float
    high: float
    count: int
    is_exact: bool = True


def histogram(actor: Actor, round_id: int) -> list[ScoreBin]:
    """How the round's effective scores are spread, in up to 20 bins; samples without a score are in none.

    Of a round of more than `COUNTED` samples the counts are estimates: a share of the samples p comes out with a
    standard error of about sqrt(p (1 - p) / 5,000), more where samples made one after the other are alike. Empty while
    the scores, or those that colleagues gave, are hidden from the actor.
    """
    with reading() as db:
        if visibility.hidden(db, actor, get_row(db, actor, round_id)):
            return []
        asked = scope(db, round_id, Filters())
        low, high = ends(asked)
        if low is None or high is None:
            return []
        edges = [low, *(low + n * (high - low) / BINS for n in range(1, BINS)), high] if high > low else [low, high]
        counts = estimate(asked, edges)
        numbers = count(asked, edges) if counts is None else counts
    return [ScoreBin(low, high, n, counts is None) for (low, high), n in zip(pairwise(edges), numbers, strict=True)]


def ends(asked: Scope) -> tuple[float | None, float | None]:
    """The lowest and the highest score, read from the ends of each facet's index range."""
    if not asked.facets:
        return None, None
    where = f"FROM {asked.labels('score_key')} WHERE round_id = :round AND facet = f.facet AND score_key > {UNSCORED!r}"
    low, high = (f"{end}((SELECT {end}(score_key) {where}))" for end in ("min", "max"))
    ends_: tuple[float | None, float | None] = asked.row(f"WITH {asked.each()} SELECT {low}, {high} FROM f")
    return ends_[0], ends_[1]


def count(asked: Scope, edges: list[float]) -> list[int]:
    """Count each stretch of the index by facet: stepping through an index is much faster than grouping rows.

    The last stretch holds its end.
    """
    highs = [*edges[1:-1], math.nextafter(edges[-1], math.inf)]
    bins = ", ".join(f"({n}, {low!r}, {high!r})" for n, (low, high) in enumerate(zip(edges[:-1], highs, strict=True)))
    inside = "round_id = :round AND facet = f.facet AND score_key >= b.low AND score_key < b.high"
    counted = f"(SELECT count(*) FROM {asked.labels('score_key')} WHERE {inside})"
    parts = f"{asked.each()}, b(n, low, high) AS (VALUES {bins})"
    sql = f"WITH {parts} SELECT b.n, sum({counted}) FROM f CROSS JOIN b GROUP BY b.n"
    counts = dict.fromkeys(range(len(highs)), 0) | {n: int(number) for n, number in asked.all(sql)}
    return [counts[n] for n in range(len(highs))]


def estimate(asked: Scope, edges: list[float]) -> list[int] | None:
    """The counts, estimated from some of the samples; None of a round of few enough to be counted.

    Samples have ids in the order in which they were made, but not without gaps: other rounds may run beside.
    """
    first, last = asked.ends
    span = last - first + 1
    if span <= COUNTED:
        return None
    starts = ", ".join(f"({first + n * (span - IN_BLOCK) // (BLOCKS - 1)})" for n in range(BLOCKS))
    sql = (
        f"WITH b(start) AS (VALUES {starts}) SELECT score, count(*) FROM b CROSS JOIN labels"
        f" WHERE sample_id BETWEEN b.start AND b.start + {IN_BLOCK - 1} AND +round_id = :round GROUP BY score"
    )
    seen = asked.all(sql)
    share = BLOCKS * IN_BLOCK / span
    if sum(number for _, number in seen) / share <= COUNTED:
        return None
    counts = [0.0] * (len(edges) - 1)
    for score, number in seen:
        if score is not None:
            counts[min(bisect_right(edges, score), len(edges) - 1) - 1] += number / share
    return [round(number) for number in counts]
