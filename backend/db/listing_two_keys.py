"""Lists by two keys: what is equal by the first comes by the second, and what is equal by both by number.

No index has both orders. The first key's index says in which rows a page ends. Those that are equal by the first key to
its first or to its last row are a list of their own: by the second key, where the first is a range of one value. So a
page reads three lists at most, each as any list with a range of another column is read.
"""

from collections.abc import Sequence
from dataclasses import replace

from backend.db.filters import MOST_TOKENS, Cursor, Sort, SortKey, SortPlace
from backend.db.listing_merge import Row, drivers, legs, merge
from backend.db.listing_scope import COLUMN, Scope
from backend.db.many import in_chunks
from backend.db.tables.judgment import UNSCORED

LAST = 2**62
"""Behind every number of a sample."""


def with_second(asked: Scope, rows: Sequence[Row], sort: Sort) -> list[Row]:
    """The rows with both keys, in the order they are in."""
    seconds: dict[int, float] = {}
    column = COLUMN[sort.then or SortKey.id]
    for chunk in in_chunks(rows):
        ids = ", ".join(str(sample_id) for _, sample_id in chunk)
        read = f"SELECT l.sample_id, l.{column} FROM labels AS l WHERE l.sample_id IN ({ids})"
        seconds |= {sample_id: key for sample_id, key in asked.all(read)}
    return [((first_of(key), seconds[id_]), id_) for key, id_ in rows if id_ in seconds]


def first_of(key: SortPlace) -> float:
    return key[0] if isinstance(key, tuple) else key


def standing(row: Row, sort: Sort) -> tuple[bool, float, bool, float, int]:
    """What rows of two keys are compared by."""
    key, sample_id = row
    first, second = key if isinstance(key, tuple) else (key, 0.0)
    down, then_down = sort.descending, sort.then_descending
    by_first, by_second = -first if down else first, -second if then_down else second
    return first <= UNSCORED, by_first, second <= UNSCORED, by_second, -sample_id if then_down else sample_id


def listed_rows(asked: Scope, sort: Sort, cursor: Cursor | None, number: int) -> list[Row]:
    """The first rows after the cursor, in its direction, by both keys."""
    backward = cursor is not None and cursor.backward
    rows, at = list[Row](), None
    by_first = Sort(sort.key, descending=sort.descending)
    if cursor is not None:
        first, second = cursor.key if isinstance(cursor.key, tuple) else (cursor.key, 0.0)
        rows = equals(asked, sort, first, (second, cursor.sample_id), number, backward=backward)
        # Behind all that are equal to it.
        at = Cursor(first, 0 if sort.descending != backward else LAST, by_first, backward)
    following_rows = following(asked, by_first, at, number - len(rows)) if len(rows) < number else []
    if not following_rows:
        return rows
    last = first_of(following_rows[-1][0])
    whole = with_second(asked, [row for row in following_rows if row[0] != last], sort)
    whole.sort(key=lambda row: standing(row, sort), reverse=backward)
    rows += whole
    return rows + equals(asked, sort, last, None, number - len(rows), backward=backward)


def equals(
    asked: Scope, sort: Sort, first: float, after: tuple[float, int] | None, number: int, *, backward: bool
) -> list[Row]:
    """Up to `number` rows with this first key, behind the second key and number of a row, or from their beginning.

    None where the filters ask for other keys: a place may be of a list with other filters.
    """
    then, down = sort.then or SortKey.id, sort.then_descending
    # PostgreSQL finds no whole number in an index by one with a fraction.
    exact = int(first) if sort.key is SortKey.length else first
    column = COLUMN[sort.key]
    low, high = asked.ranges.get(column, (exact, exact))
    if not low <= exact <= high:
        return []
    narrowed = replace(asked, ranges=asked.ranges | {column: (exact, exact)})
    # By number: the first key's index has its equals in that order.
    order = Sort(sort.key if then is SortKey.id else then, descending=down)
    if after is not None:
        at: Cursor | None = Cursor(first if then is SortKey.id else after[0], after[1], order, backward)
    else:
        at = end_of(order) if backward else None
    rows = following(narrowed, order, at, number)
    return [((first, id_ if then is SortKey.id else first_of(key)), id_) for key, id_ in rows]


def end_of(order: Sort) -> Cursor:
    """The place behind all rows of an order, looking back. What has no key comes last."""
    is_length = order.key is SortKey.length
    if order.descending:
        return Cursor(-1 if is_length else 2 * UNSCORED, 0, order, backward=True)
    return Cursor(MOST_TOKENS if is_length else UNSCORED, LAST, order, backward=True)


def following(asked: Scope, order: Sort, at: Cursor | None, number: int) -> list[Row]:
    """The first rows after the place by one key."""
    chosen = drivers(asked, COLUMN[order.key])
    rows: list[Row] = []
    for leg in legs(order, at) if chosen else []:
        if len(rows) < number:
            rows += merge(asked, chosen, leg, number - len(rows))
    return rows
