"""Samples of a set that no index of labels tells, such as those that a person decided: sorted, or looked up.

One page reads at most `READ` decisions to sort what they are on. Beyond that, or where the set is larger than `SORTED`,
it looks up `LOOKED_UP` rows of the list, twice, and ends early where few of them are of the set.
"""

from sqlalchemy import func, select

from backend.db.filters import Sort
from backend.db.listing import COLUMN, Row, Scope
from backend.db.many import in_chunks

READ = 20_000
"""So many decisions, bulk actions among them, are read for one page."""
SORTED = 10_000
"""A set of so many samples is read and sorted for one page."""
LOOKED_UP = 1_000
"""Where it is larger, so many rows of the list are looked up at once, and twice that for one page."""


def few(asked: Scope, sort: Sort) -> list[Row] | None:
    """The samples of the set that pass the filters; None where the set is too large to be sorted."""
    if asked.among is None:
        return None
    read = asked.among.read.limit(READ + 1).subquery()
    if (asked.db.scalar(select(func.count()).select_from(read)) or 0) > READ:
        return None
    ids: set[int] = set()
    for query in asked.among.every:
        ids.update(asked.db.scalars(query.limit(SORTED + 1)))
        if len(ids) > SORTED:
            return None
    rows, where = list[Row](), asked.where(asked.any_facet, "l.")
    for chunk in in_chunks(sorted(ids)):
        listed = f"l.sample_id IN ({', '.join(map(str, chunk))}) AND {where}"
        pairs = asked.all(f"SELECT l.{COLUMN[sort.key]}, l.sample_id FROM labels AS l WHERE {listed}")
        rows += [(key, id_) for key, id_ in pairs]
    return rows


def whole(asked: Scope) -> set[int] | None:
    """All of the set, whatever the filters, for what reads a whole list; None where no set is asked for."""
    if asked.among is None:
        return None
    return {id_ for query in asked.among.every for id_ in asked.db.scalars(query)}


def within(asked: Scope, rows: list[Row]) -> list[Row]:
    """Those of the rows that the set holds."""
    if asked.among is None or not rows:
        return rows
    held: set[int] = set()
    for chunk in in_chunks(rows):
        for query in asked.among.those([id_ for _, id_ in chunk]):
            held.update(asked.db.scalars(query))
    return [row for row in rows if row[1] in held]
