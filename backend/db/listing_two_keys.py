"""Lists by two keys: what is equal by the first comes by the second, and what is equal by both by number.

No index has both orders. The first key's index says which rows a page ends in; those that are equal by the first key
to its first and to its last row are read from the index whole, which holds the other keys too, and the wanted ones of
them kept. So a page reads at most two such stretches, however long the list is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.filters import Cursor, Sort, SortKey, SortPlace
from backend.db.listing_merge import Row, drivers, legs, merge
from backend.db.listing_scope import COLUMN, Scope
from backend.db.many import in_chunks
from backend.db.tables.judgment import UNSCORED
from backend.errors import InvalidInput

MOST_EQUAL = 1_000_000
"""So many samples that are equal by the first key are sorted by the second for one page."""
NO_KEY = -UNSCORED
"""Stands for a second key that is missing where the order is ascending: behind every number."""
PLACES = 2**62

NAMES = {SortKey.id: "number", SortKey.score: "score", SortKey.length: "length", SortKey.spread: "spread"}


def second_key(sort: Sort, prefix: str = "") -> str:
    """SQL for the second key, in which a missing one comes last in the wanted direction."""
    if sort.then is None:
        raise ValueError("the sort has one key")
    column = prefix + COLUMN[sort.then]
    if sort.then_descending or sort.then in (SortKey.id, SortKey.length):
        return column
    return f"CASE WHEN {column} <= {UNSCORED!r} THEN {NO_KEY!r} ELSE {column} END"


def with_second(asked: Scope, rows: Sequence[Row], sort: Sort) -> list[Row]:
    """The rows with both keys, in the order they are in; those that are no more are left out."""
    seconds: dict[int, float] = {}
    for chunk in in_chunks(rows):
        ids = ", ".join(str(sample_id) for _, sample_id in chunk)
        read = f"SELECT l.sample_id, {second_key(sort, 'l.')} FROM labels AS l WHERE l.sample_id IN ({ids})"
        seconds |= {sample_id: key for sample_id, key in asked.all(read)}
    return [((first_of(key), seconds[id_]), id_) for key, id_ in rows if id_ in seconds]


def first_of(key: SortPlace) -> float:
    return key[0] if isinstance(key, tuple) else key


def standing(row: Row, sort: Sort) -> tuple[bool, float, float, int]:
    """What rows of two keys are compared by."""
    key, sample_id = row
    first, second = key if isinstance(key, tuple) else (key, 0.0)
    down, then_down = sort.descending, sort.then_descending
    number = -sample_id if then_down else sample_id
    return first <= UNSCORED, -first if down else first, -second if then_down else second, number


@dataclass(frozen=True)
class _Equals:
    """The samples with one first key: those after a place, in the direction of the page."""

    asked: Scope
    sort: Sort
    backward: bool

    def rows(self, first: float, after: tuple[float, int] | None, number: int) -> list[Row]:
        """Up to `number`; raises `InvalidInput` where there are too many to be sorted."""
        asked, sort, column = self.asked, self.sort, COLUMN[self.sort.key]
        # PostgreSQL finds no whole number in an index by one with a fraction.
        exact = int(first) if sort.key is SortKey.length else first
        second, down = second_key(sort), sort.then_descending != self.backward
        way, sign = ("DESC", "<") if down else ("ASC", ">")
        where = f"{asked.where(asked.any_facet)} AND {column} = :first"
        source = f"{asked.labels(column)} WHERE {where}"
        self._refuse_many(source, exact)
        source += f" AND ({second}, sample_id) {sign} (:second, :id)" if after else ""
        sql = f"SELECT {second} AS k, sample_id FROM {source} ORDER BY {second} {way}, sample_id {way} LIMIT :limit"
        values = {"second": after[0], "id": after[1]} if after else {}
        return [((first, key), id_) for key, id_ in asked.all(sql, first=exact, limit=number, **values)]

    def _refuse_many(self, source: str, first: float) -> None:
        low, high = self.asked.ends
        if high - low < MOST_EQUAL:
            return
        some = f"SELECT 1 FROM {source} LIMIT {MOST_EQUAL + 1}"
        if self.asked.row(f"SELECT count(*) FROM ({some}) AS c", first=first)[0] > MOST_EQUAL:
            name, then = NAMES[self.sort.key], NAMES[self.sort.then or SortKey.id]
            raise InvalidInput(
                f"More than {MOST_EQUAL:,} samples have the same {name}, too many to be sorted by {then} as well."
                f" Narrow the filters, or sort by {then} first."
            )


def listed_rows(asked: Scope, sort: Sort, cursor: Cursor | None, number: int) -> list[Row]:
    """The first rows after the cursor, in its direction, by both keys."""
    if not asked.facets:
        return []
    backward = cursor is not None and cursor.backward
    equals, rows = _Equals(asked, sort, backward), list[Row]()
    by_first, at = Sort(sort.key, sort.descending), None
    if cursor is not None:
        first, second = cursor.key if isinstance(cursor.key, tuple) else (cursor.key, 0.0)
        rows = equals.rows(first, (second, cursor.sample_id), number)
        # Behind all that are equal to it: in which direction equal ones follow each other, `legs` knows.
        at = Cursor(first, 0 if sort.descending != backward else PLACES, by_first, backward)
    if len(rows) >= number:
        return rows
    found = following(asked, by_first, at, number - len(rows))
    if not found:
        return rows
    last = first_of(found[-1][0])
    whole = with_second(asked, [row for row in found if row[0] != last], sort)
    whole.sort(key=lambda row: standing(row, sort), reverse=backward)
    rows += whole
    return rows + equals.rows(last, None, number - len(rows))


def following(asked: Scope, by_first: Sort, at: Cursor | None, number: int) -> list[Row]:
    """The first rows after the place by the first key alone."""
    chosen = drivers(asked, COLUMN[by_first.key])
    rows: list[Row] = []
    for leg in legs(by_first, at) if chosen else []:
        if len(rows) < number:
            rows += merge(asked, chosen, leg, number - len(rows))
    return rows
