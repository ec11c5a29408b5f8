"""Lists of samples by filter, sort and place: a merge of one index range per facet, never a scan or an OFFSET.

All yes-or-no filters, kind and step are one number, `labels.facet`. Those that occur in a round are found by skipping
through the index; each that passes the filters is a range already in the wanted order, and the first rows of each make
the page (listing_merge.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db import listing_two_keys
from backend.db.filters import Cursor, Sort
from backend.db.listing_merge import Row, drivers, legs, merge
from backend.db.listing_scope import COLUMN, Scope, scope

__all__ = [
    "COLUMN",
    "Count",
    "IdPage",
    "Row",
    "Scope",
    "counted",
    "listed",
    "listed_rows",
    "page_of",
    "place",
    "scope",
]

COUNTED = 10_000
"""Counts stop here."""
READ_FOR_COUNT = 20_000

DEFAULT_SORT = Sort()


@dataclass(frozen=True)
class Count:
    """`is_exact` False: at least so many."""

    number: int
    is_exact: bool = True


@dataclass(frozen=True)
class IdPage:
    """Ids in order. `sort` is the order they are in, which for a search with too many matches is not the asked one.

    `is_partial`: the search stopped before the page was full; it goes on at `next`. `looked_at`: the rows that a
    search went through for this page.
    """

    ids: tuple[int, ...] = ()
    next: Cursor | None = None
    previous: Cursor | None = None
    count: Count = Count(0)
    sort: Sort = DEFAULT_SORT
    is_partial: bool = False
    looked_at: int = 0


def counted(asked: Scope) -> Count:
    """How many match, up to `COUNTED`. With two ranges, what `READ_FOR_COUNT` rows hold is a lower bound."""
    if not asked.facets:
        return Count(0)
    first, *rest = [*asked.ranges, "sample_id"]
    more = [name for name in rest if name in asked.ranges]
    within = f"facet {asked.any_facet}" + (f" AND {first} BETWEEN :{first}_lo AND :{first}_hi" if asked.ranges else "")
    read = f"SELECT * FROM {asked.labels(first)} WHERE round_id = :round AND {within} LIMIT :read"
    if not more:
        read = read.replace("*", "1", 1)
        number = asked.row(f"SELECT count(*) FROM ({read}) AS r", read=COUNTED + 1)[0]
        return Count(min(number, COUNTED), is_exact=number <= COUNTED)
    read = read.replace("*", more[0], 1)
    test = f"SUM(CASE WHEN {more[0]} BETWEEN :{more[0]}_lo AND :{more[0]}_hi THEN 1 ELSE 0 END)"
    number, seen = asked.row(f"SELECT COALESCE({test}, 0), count(*) FROM ({read}) AS r", read=READ_FOR_COUNT)
    return Count(min(int(number), COUNTED), is_exact=seen < READ_FOR_COUNT and number <= COUNTED)


def place(row: Row, sort: Sort, *, backward: bool = False) -> Cursor:
    return Cursor(row[0], row[1], sort, backward)


def page_of(rows: Sequence[Row], limit: int, sort: Sort, cursor: Cursor | None, count: Count) -> IdPage:
    """A page from up to limit + 1 rows in walking order; a row beyond the limit says that the list goes on."""
    backward = cursor is not None and cursor.backward
    goes_on, rows = len(rows) > limit, list(rows[:limit])
    if backward:
        rows.reverse()
    if not rows:
        return IdPage(count=count, sort=sort)
    has_next, has_previous = (True, goes_on) if backward else (goes_on, cursor is not None)
    return IdPage(
        ids=tuple(sample_id for _, sample_id in rows),
        next=place(rows[-1], sort) if has_next else None,
        previous=place(rows[0], sort, backward=True) if has_previous else None,
        count=count,
        sort=sort,
    )


def listed_rows(asked: Scope, sort: Sort, cursor: Cursor | None, number: int) -> list[Row]:
    """The first rows after the cursor, in its direction."""
    if sort.then is not None:
        return listing_two_keys.listed_rows(asked, sort, cursor, number)
    chosen = drivers(asked, COLUMN[sort.key])
    rows: list[Row] = []
    if chosen:
        for leg in legs(sort, cursor):
            if len(rows) < number:
                rows += merge(asked, chosen, leg, number - len(rows))
    return rows


def listed(asked: Scope, sort: Sort, cursor: Cursor | None, limit: int) -> IdPage:
    """A page without a search."""
    rows = listed_rows(asked, sort, cursor, limit + 1)
    return page_of(rows, limit, sort, cursor, counted(asked) if rows or cursor else Count(0))
