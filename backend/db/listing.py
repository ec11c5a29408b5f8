"""Lists of samples by filter, sort and place: a merge of one index range per facet, never a scan or an OFFSET.

All yes-or-no filters are one number, `labels.facet`. Those that occur in a round are found by skipping through the
index; each that passes the filters is a range already in the wanted order, and the first rows of each make the page.
A range of scores or lengths under another sort is driven, per facet, by whichever index leaves less to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.tables.judgment import UNSCORED

COLUMN = {
    SortKey.id: "sample_id", SortKey.score: "score_key", SortKey.length: "num_tokens", SortKey.spread: "spread_key"
}  # fmt: skip
INDEX = {
    "sample_id": "ix_labels_by_id",
    "score_key": "ix_labels_by_score",
    "num_tokens": "ix_labels_by_length",
    "spread_key": "ix_labels_by_spread",
}
GATHERED = 2_000
"""So many rows of one facet may be read and sorted for one page."""
COUNTED = 10_000
"""Counts stop here."""
READ_FOR_COUNT = 20_000
MERGED = 200
"""Ranges in one statement; SQLite allows 500."""

Row = tuple[float, int]
DEFAULT_SORT = Sort()


@dataclass(frozen=True)
class Count:
    """`is_exact` False: at least so many."""

    number: int
    is_exact: bool = True


@dataclass(frozen=True)
class Found:
    """Ids in order. `sort` is the order they are in, which for a search with too many matches is not the asked one.

    `is_partial`: the search stopped before the page was full; it goes on at `next`.
    """

    ids: tuple[int, ...] = ()
    next: Cursor | None = None
    previous: Cursor | None = None
    count: Count = Count(0)
    sort: Sort = DEFAULT_SORT
    is_partial: bool = False


@dataclass(frozen=True)
class Scope:
    """What is asked, as SQL: the round, its facets that pass, and ranges of columns."""

    db: Session
    round_id: int
    facets: tuple[int, ...]
    ranges: dict[str, tuple[float, float]]

    @property
    def is_sqlite(self) -> bool:
        return self.db.get_bind().dialect.name == "sqlite"

    def labels(self, column: str) -> str:
        """The table, read through the index that is in this column's order."""
        return f"labels INDEXED BY {INDEX[column]}" if self.is_sqlite else "labels"

    def where(self, facet: str, prefix: str = "") -> str:
        tests = [f"{prefix}round_id = :round", f"{prefix}facet {facet}"]
        return " AND ".join(tests + [f"{prefix}{name} BETWEEN :{name}_lo AND :{name}_hi" for name in self.ranges])

    @property
    def any_facet(self) -> str:
        return f"IN ({', '.join(map(str, self.facets))})"

    @property
    def values(self) -> dict[str, Any]:
        bounds = {
            f"{name}_{end}": value
            for name, pair in self.ranges.items()
            for end, value in zip(("lo", "hi"), pair, strict=True)
        }
        return {"round": self.round_id} | bounds

    def all(self, sql: str, **values: Any) -> list[Any]:
        return list(self.db.execute(text(sql), self.values | values).all())

    def one(self, sql: str, **values: Any) -> Any:
        return self.db.execute(text(sql), self.values | values).one()


def scope(db: Session, round_id: int, filters: Filters) -> Scope:
    """The filters for one round; its facets are found by skipping from one to the next."""
    ranges: dict[str, tuple[float, float]] = {}
    if filters.min_score is not None or filters.max_score is not None:
        low, high = filters.min_score, filters.max_score
        ranges["score_key"] = (-1e299 if low is None else low, 1e299 if high is None else high)
    if filters.min_tokens is not None or filters.max_tokens is not None:
        fewest, most = filters.min_tokens, filters.max_tokens
        ranges["num_tokens"] = (-1 if fewest is None else fewest, 2**40 if most is None else most)
    empty = Scope(db, round_id, (), ranges)
    least = f"SELECT min(facet) FROM {empty.labels('sample_id')} WHERE round_id = :round"
    sql = (
        f"WITH RECURSIVE found(facet) AS (SELECT ({least}) UNION ALL"
        f" SELECT ({least} AND labels.facet > found.facet) FROM found WHERE found.facet IS NOT NULL)"
        " SELECT facet FROM found WHERE facet IS NOT NULL"
    )
    facets = db.execute(text(sql), {"round": round_id}).scalars()
    return Scope(db, round_id, tuple(facet for facet in facets if filters.matches_facet(facet)), ranges)


@dataclass(frozen=True)
class Leg:
    """A stretch of a list in one direction: where it begins, and the keys it covers."""

    column: str
    descending: bool
    start: Row | None = None
    unscored: bool | None = None

    def sql(self, prefix: str = "") -> tuple[str, str]:
        """Its condition, which may be empty, and its order."""
        key, sample_id = f"{prefix}{self.column}", f"{prefix}sample_id"
        sign, way = ("<", "DESC") if self.descending else (">", "ASC")
        is_id = self.column == "sample_id"
        tests = "" if self.unscored is None else f" AND {key} {'=' if self.unscored else '>'} {UNSCORED!r}"
        if self.start is not None:
            tests += f" AND {sample_id} {sign} :id" if is_id else f" AND ({key}, {sample_id}) {sign} (:key, :id)"
        return tests, f"{sample_id} {way}" if is_id else f"{key} {way}, {sample_id} {way}"

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


def drivers(asked: Scope, column: str) -> dict[int, str]:
    """Per facet, the column whose index is read; facets in which a range is empty are left out."""
    chosen = dict.fromkeys(asked.facets, column)
    others = [name for name in asked.ranges if name != column]
    if not others or not chosen:
        return chosen
    cap = GATHERED
    counts = [
        f"SELECT {facet} AS facet, '{name}' AS name, count(*) AS n FROM (SELECT 1 FROM {asked.labels(name)}"
        f" WHERE round_id = :round AND facet = {facet} AND {name} BETWEEN :{name}_lo AND :{name}_hi LIMIT {cap}) AS c"
        for facet in chosen
        for name in others
    ]
    for n in range(0, len(counts), MERGED):
        for facet, name, number in asked.all(" UNION ALL ".join(counts[n : n + MERGED])):
            if number == 0:
                chosen.pop(facet, None)
            elif number < cap and facet in chosen:
                chosen[facet] = name
    return chosen


def merge(asked: Scope, chosen: dict[int, str], leg: Leg, limit: int) -> list[Row]:
    """The first rows of the leg over all facets."""
    tests, order = leg.sql()
    ranges = [
        f"SELECT * FROM (SELECT {leg.column} AS k, sample_id FROM {asked.labels(driver)}"
        f" WHERE {asked.where(f'= {facet}')}{tests} ORDER BY {order} LIMIT :limit) AS r{facet}"
        for facet, driver in chosen.items()
    ]
    rows: list[Row] = []
    for n in range(0, len(ranges), MERGED):
        sql = " UNION ALL ".join(ranges[n : n + MERGED])
        rows += [(key, sample_id) for key, sample_id in asked.all(sql, limit=limit, **leg.values)]
    return sorted(rows, reverse=leg.descending)[:limit]


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
        number = asked.one(f"SELECT count(*) FROM ({read}) AS r", read=COUNTED + 1)[0]
        return Count(min(number, COUNTED), is_exact=number <= COUNTED)
    read = read.replace("*", more[0], 1)
    test = f"SUM(CASE WHEN {more[0]} BETWEEN :{more[0]}_lo AND :{more[0]}_hi THEN 1 ELSE 0 END)"
    number, seen = asked.one(f"SELECT COALESCE({test}, 0), count(*) FROM ({read}) AS r", read=READ_FOR_COUNT)
    return Count(min(int(number), COUNTED), is_exact=seen < READ_FOR_COUNT and number <= COUNTED)


def place(row: Row, sort: Sort, *, backward: bool = False) -> Cursor:
    return Cursor(row[0], row[1], sort, backward)


def found(rows: Sequence[Row], limit: int, sort: Sort, cursor: Cursor | None, count: Count) -> Found:
    """A page from up to limit + 1 rows in walking order; a row beyond the limit says that the list goes on."""
    backward = cursor is not None and cursor.backward
    goes_on, rows = len(rows) > limit, list(rows[:limit])
    if backward:
        rows.reverse()
    if not rows:
        return Found(count=count, sort=sort)
    has_next, has_previous = (True, goes_on) if backward else (goes_on, cursor is not None)
    return Found(
        ids=tuple(sample_id for _, sample_id in rows),
        next=place(rows[-1], sort) if has_next else None,
        previous=place(rows[0], sort, backward=True) if has_previous else None,
        count=count,
        sort=sort,
    )


def listed_rows(asked: Scope, sort: Sort, cursor: Cursor | None, number: int) -> list[Row]:
    """The first rows after the cursor, in its direction."""
    chosen = drivers(asked, COLUMN[sort.key])
    rows: list[Row] = []
    if chosen:
        for leg in legs(sort, cursor):
            if len(rows) < number:
                rows += merge(asked, chosen, leg, number - len(rows))
    return rows


def listed(asked: Scope, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """A page without a search."""
    rows = listed_rows(asked, sort, cursor, limit + 1)
    return found(rows, limit, sort, cursor, counted(asked) if rows or cursor else Count(0))
