"""Samples of a set that no index of labels tells, such as those that a person decided: sorted, or looked up."""

from backend.db.filters import Sort
from backend.db.listing import COLUMN, Row, Scope
from backend.db.many import in_chunks

SORTED = 2_000
"""A set of so many samples is read and sorted for one page."""
LOOKED_UP = 500
"""Where it is larger, so many rows of the list are looked up at once, and twice that for one page."""


def few(asked: Scope, sort: Sort) -> list[Row] | None:
    """The samples of the set that pass the filters; None where the set is too large to be sorted."""
    if asked.among is None:
        return None
    ids: set[int] = set()
    for query in asked.among(None):
        ids.update(asked.db.scalars(query.limit(SORTED + 1)))
        if len(ids) > SORTED:
            return None
    rows, where = list[Row](), asked.where(asked.any_facet, "l.")
    for chunk in in_chunks(sorted(ids)):
        listed = f"l.sample_id IN ({', '.join(map(str, chunk))}) AND {where}"
        found = asked.all(f"SELECT l.{COLUMN[sort.key]}, l.sample_id FROM labels AS l WHERE {listed}")
        rows += [(key, id_) for key, id_ in found]
    return rows


def within(asked: Scope, rows: list[Row]) -> list[Row]:
    """Those of the rows that the set holds."""
    if asked.among is None or not rows:
        return rows
    held: set[int] = set()
    for chunk in in_chunks(rows):
        for query in asked.among([id_ for _, id_ in chunk]):
            held.update(asked.db.scalars(query))
    return [row for row in rows if row[1] in held]
