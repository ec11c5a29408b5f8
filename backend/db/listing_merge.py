"""The first rows of a list: one index range per facet, merged in the wanted order.

A range of scores or lengths under another sort is driven, per facet, by whichever index leaves less to read.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.db.filters import Cursor, Sort, SortKey
from backend.db.listing_scope import COLUMN, Scope
from backend.db.tables.judgment import UNSCORED

GATHERED = 2_000
"""So many rows of one facet may be read and sorted for one page."""
GATHERED_IN_ALL = 20_000
"""And so many of all facets together, or `GATHERED_LEAST` of each."""
GATHERED_LEAST = 50
MERGED = 200
"""Ranges in one statement; SQLite allows 500."""

Row = tuple[float, int]


@dataclass(frozen=True)
class Leg:
    """A stretch of a list in one direction: where it begins, and the keys it covers."""

    column: str
    descending: bool
    start: Row | None = None
    unscored: bool | None = None

    def sql(self, after: tuple[str, str] | None = None) -> tuple[str, str]:
        """Its condition, which may be empty, and its order. `after`: what it begins behind instead of its start."""
        key, way = self.column, "DESC" if self.descending else "ASC"
        is_id = key == "sample_id"
        tests = "" if self.unscored is None else f" AND {key} {'=' if self.unscored else '>'} {UNSCORED!r}"
        if after is None and self.start is not None:
            after = (":key", ":id")
        if after is not None:
            sign = "<" if self.descending else ">"
            tests += f" AND sample_id {sign} {after[1]}" if is_id else f" AND ({key}, sample_id) {sign} {pair(after)}"
        return tests, f"sample_id {way}" if is_id else f"{key} {way}, sample_id {way}"

    @property
    def values(self) -> dict[str, Any]:
        return {} if self.start is None else {"key": self.start[0], "id": self.start[1]}


def legs(sort: Sort, cursor: Cursor | None) -> list[Leg]:
    """The stretches from the cursor on. Ascending, what has no score comes in a second one, after all that has."""
    column, backward = COLUMN[sort.key], cursor is not None and cursor.backward
    start = None if cursor is None else (cursor.key, cursor.sample_id)
    descending = sort.descending != backward
    if sort.descending or sort.key in (SortKey.id, SortKey.length):
        return [Leg(column, descending, start)]
    both = [Leg(column, descending, unscored=False), Leg(column, descending, unscored=True)]
    if backward:
        both.reverse()
    if start is None:
        return both
    first = next(n for n, leg in enumerate(both) if leg.unscored == (start[0] <= UNSCORED))
    return [Leg(column, descending, start, both[first].unscored), *both[first + 1 :]]


def pair(names: tuple[str, str]) -> str:
    return f"({names[0]}, {names[1]})"


def drivers(asked: Scope, column: str) -> dict[int, str]:
    """Per facet, the column whose index is read; facets in which a range is empty are left out."""
    chosen = dict.fromkeys(asked.facets, column)
    others = [name for name in asked.ranges if name != column]
    if not others or not chosen:
        return chosen
    # Only SQLite reads no more of a facet than the page needs; the other way must stay the exception on PostgreSQL.
    most = max(GATHERED_LEAST, GATHERED_IN_ALL // len(chosen)) if asked.is_sqlite else GATHERED
    cap = min(GATHERED, most)
    counts = ", ".join(
        f"(SELECT count(*) FROM (SELECT 1 FROM {asked.labels(name)} WHERE round_id = :round AND facet = f.facet"
        f" AND {name} BETWEEN :{name}_lo AND :{name}_hi LIMIT {cap}) AS c)"
        for name in others
    )
    for facet, *numbers in asked.all(f"WITH {asked.each()} SELECT f.facet, {counts} FROM f"):
        for name, number in zip(others, numbers, strict=True):
            if number == 0:
                chosen.pop(facet, None)
            elif number < cap and facet in chosen:
                chosen[facet] = name
    return chosen


def merge(asked: Scope, chosen: dict[int, str], leg: Leg, limit: int) -> list[Row]:
    """The first rows of the leg over all facets."""
    driven: dict[str, list[int]] = defaultdict(list)
    for facet, driver in chosen.items():
        driven[driver].append(facet)
    rows: list[Row] = []
    for driver, facets in driven.items():
        way = gathered if driver != leg.column else stepped if asked.is_sqlite else united
        rows += way(asked, driver, facets, leg, limit)
    return sorted(rows, reverse=leg.descending)[:limit]


def gathered(asked: Scope, driver: str, facets: Sequence[int], leg: Leg, limit: int) -> list[Row]:
    """All rows that the driver's ranges leave are sorted: they are few."""
    tests, order = leg.sql()
    where = asked.where(f"IN ({', '.join(map(str, facets))})") + tests
    sql = f"SELECT {leg.column} AS k, sample_id FROM {asked.labels(driver)} WHERE {where} ORDER BY {order} LIMIT :limit"
    return read(asked, sql, leg, limit)


def stepped(asked: Scope, driver: str, facets: Sequence[int], leg: Leg, limit: int) -> list[Row]:
    """The first row of each facet, then always the one behind the row that came out: nothing is read that is not shown.

    SQLite takes the rows of a recursive query from a queue in the order that the query names.
    """

    def first(facet: str, after: tuple[str, str] | None = None) -> str:
        tests, order = leg.sql(after)
        where = asked.where(f"= {facet}") + tests
        return f"(SELECT sample_id FROM {asked.labels(driver)} WHERE {where} ORDER BY {order} LIMIT 1)"

    columns, way = f"l.{leg.column}, l.sample_id", " DESC" if leg.descending else ""
    sql = (
        f"WITH RECURSIVE {asked.each(facets)}, m(facet, k, id) AS ("
        f"SELECT f.facet, {columns} FROM f CROSS JOIN labels AS l ON l.sample_id = {first('f.facet')}"
        f" UNION ALL SELECT m.facet, {columns} FROM m CROSS JOIN labels AS l"
        f" ON l.sample_id = {first('m.facet', ('m.k', 'm.id'))}"
        f" ORDER BY 2{way}, 3{way} LIMIT :limit) SELECT k, id FROM m"
    )
    return read(asked, sql, leg, limit)


def united(asked: Scope, driver: str, facets: Sequence[int], leg: Leg, limit: int) -> list[Row]:
    """The first rows of each facet."""
    tests, order = leg.sql()
    ranges = [
        f"SELECT * FROM (SELECT {leg.column} AS k, sample_id FROM {asked.labels(driver)}"
        f" WHERE {asked.where(f'= {facet}')}{tests} ORDER BY {order} LIMIT :limit) AS r{facet}"
        for facet in facets
    ]
    rows: list[Row] = []
    for n in range(0, len(ranges), MERGED):
        rows += read(asked, " UNION ALL ".join(ranges[n : n + MERGED]), leg, limit)
    return rows


def read(asked: Scope, sql: str, leg: Leg, limit: int) -> list[Row]:
    return [(key, sample_id) for key, sample_id in asked.all(sql, limit=limit, **leg.values)]
