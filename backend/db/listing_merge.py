"""The first rows of a list: one index range per facet, merged in the wanted order.

A range of scores or lengths under another sort is driven, per facet, by whichever index leaves less to read.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.db.filters import Cursor, Sort, SortKey, SortPlace
from backend.db.listing_scope import COLUMN, Scope
from backend.db.many import in_chunks
from backend.db.tables.judgment import UNSCORED

GATHERED = 2_000
"""So many rows of one facet may be read and sorted for one page."""
GATHERED_IN_ALL = 20_000
"""And so many of all facets together, or `GATHERED_LEAST` of each."""
GATHERED_LEAST = 50
MERGED = 200
"""Ranges in one statement; SQLite allows 500."""

Row = tuple[SortPlace, int]


@dataclass(frozen=True)
class Leg:
    """A stretch of a list in one direction: where it begins, and the keys it covers."""

    column: str
    descending: bool
    start: tuple[float, int] | None = None
    unscored: bool | None = None

    def sql(self, asked: Scope, facet: str) -> tuple[str, str]:
        """Its condition and its order."""
        key, way, sign = self.column, *self.way
        where = asked.where(facet)
        if self.unscored is not None:
            where += f" AND {key} {'=' if self.unscored else '>'} {UNSCORED!r}"
        if key == "sample_id":
            return where + (f" AND sample_id {sign} :id" if self.start else ""), f"sample_id {way}"
        where += f" AND ({key}, sample_id) {sign} (:key, :id)" if self.start else ""
        return where, f"{key} {way}, sample_id {way}"

    def behind(self, asked: Scope, facet: str, key: str, sample_id: str) -> list[tuple[str, str]]:
        """Conditions and orders for what comes behind a row: its equals, and where there are none, the others.

        Of a comparison of pairs SQLite uses the first half only, and would read again all equals that were shown.
        """
        name, way, sign = self.column, *self.way
        low, high = f"{name}_lo", f"{name}_hi"
        equals = asked.where(facet, unused=(low, high)) + ("" if name == "sample_id" else f" AND {name} = {key}")
        conditions = [(f"{equals} AND sample_id {sign} {sample_id}", f"sample_id {way}")]
        if name == "sample_id" or self.unscored:
            return conditions
        others = asked.where(facet, unused=(high if self.descending else low,)) + f" AND {name} {sign} {key}"
        others += f" AND {name} > {UNSCORED!r}" if self.unscored is False and self.descending else ""
        return [*conditions, (others, f"{name} {way}, sample_id {way}")]

    @property
    def way(self) -> tuple[str, str]:
        return ("DESC", "<") if self.descending else ("ASC", ">")

    @property
    def values(self) -> dict[str, Any]:
        return {} if self.start is None else {"key": self.start[0], "id": self.start[1]}


def legs(sort: Sort, cursor: Cursor | None) -> list[Leg]:
    """The stretches from the cursor on. Ascending, what has no score comes in a second one, after all that has."""
    column, backward = COLUMN[sort.key], cursor is not None and cursor.backward
    start = None if cursor is None else (cursor.first, cursor.sample_id)
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
    where, order = leg.sql(asked, f"IN ({', '.join(map(str, facets))})")
    sql = f"SELECT {leg.column} AS k, sample_id FROM {asked.labels(driver)} WHERE {where} ORDER BY {order} LIMIT :limit"
    return read(asked, sql, leg, limit)


def stepped(asked: Scope, driver: str, facets: Sequence[int], leg: Leg, limit: int) -> list[Row]:
    """The first row of each facet, then always the one behind the row that came out: nothing is read that is not shown.

    SQLite takes the rows of a recursive query from a queue in the order that the query names.
    """

    def first(conditions: Sequence[tuple[str, str]]) -> str:
        queries = [
            f"(SELECT sample_id FROM {asked.labels(driver)} WHERE {where} ORDER BY {order} LIMIT 1)"
            for where, order in conditions
        ]
        return f"COALESCE({', '.join(queries)})" if len(queries) > 1 else queries[0]

    begin = leg.behind(asked, "= f.facet", ":key", ":id") if leg.start else [leg.sql(asked, "= f.facet")]
    go_on = leg.behind(asked, "= m.facet", "m.k", "m.id")
    columns, way = f"l.{leg.column}, l.sample_id", " DESC" if leg.descending else ""
    sql = (
        f"WITH RECURSIVE {asked.each(facets)}, m(facet, k, id) AS ("
        f"SELECT f.facet, {columns} FROM f CROSS JOIN labels AS l ON l.sample_id = {first(begin)}"
        f" UNION ALL SELECT m.facet, {columns} FROM m CROSS JOIN labels AS l"
        f" ON l.sample_id = {first(go_on)}"
        f" ORDER BY 2{way}, 3{way} LIMIT :limit) SELECT k, id FROM m"
    )
    return read(asked, sql, leg, limit)


def united(asked: Scope, driver: str, facets: Sequence[int], leg: Leg, limit: int) -> list[Row]:
    """The first rows of each facet."""
    ranges = []
    for facet in facets:
        where, order = leg.sql(asked, f"= {facet}")
        rows = f"SELECT {leg.column} AS k, sample_id FROM {asked.labels(driver)} WHERE {where} ORDER BY {order}"
        ranges.append(f"SELECT * FROM ({rows} LIMIT :limit) AS r{facet}")
    merged: list[Row] = []
    for some in in_chunks(ranges, MERGED):
        merged += read(asked, " UNION ALL ".join(some), leg, limit)
    return merged


def read(asked: Scope, sql: str, leg: Leg, limit: int) -> list[Row]:
    return [(key, sample_id) for key, sample_id in asked.all(sql, limit=limit, **leg.values)]
