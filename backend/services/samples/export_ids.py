"""The ids of the samples that an export's filter finds, in the list's order."""

import time
from array import array
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from backend.db import listing_among
from backend.db.filters import Cursor, Filters, Sort
from backend.db.listing import COLUMN, Scope
from backend.db.listing_search import find
from backend.db.search import Patience
from backend.db.tables.judgment import UNSCORED
from backend.errors import InvalidInput

READ = 5_000


class TooSlow(InvalidInput):
    """A search that takes too long for somebody who waits."""


def matching(
    asked: Scope,
    filters: Filters,
    sort: Sort,
    patience: Patience,
    limit: int | None,
    until: float | None = None,
) -> "array[int]":
    """The ids of what the filter finds in the list's order: eight bytes each, the one thing that grows with an export.

    A search with very many matches comes in the samples' own order, as in the list.
    """
    ids = array("q")
    if not asked.facets:
        return ids
    most = 2**62 if limit is None else limit
    held = listing_among.whole(asked)
    if not (filters.text or filters.prompt):
        source = f"{asked.labels('sample_id')} WHERE {asked.where(asked.any_facet)}"
        sql = text(f"SELECT sample_id FROM {source} ORDER BY {_order(sort)} LIMIT :limit")
        result: Any = asked.db.execute(sql, asked.values | {"limit": most if held is None else 2**62})
        # Numbers alone: a row of SQLAlchemy's for each takes longer.
        while len(ids) < most and (some := result.cursor.fetchmany(READ)):
            ids.extend([sample_id for (sample_id,) in some if held is None or sample_id in held])
        result.close()
        return ids[:most]
    cursor: Cursor | None = None
    if held is not None and len(held) > listing_among.SORTED:
        asked = replace(asked, among=None)
    while len(ids) < most:
        if until is not None and time.monotonic() > until:
            raise TooSlow(
                "This search takes too long to be answered at once. Start the export in the background (POST to "
                "samples/exports), write it with `rondo samples export`, or narrow the filter."
            )
        page = find(asked, filters, sort, cursor, min(READ, most - len(ids)), patience=patience)
        ids.extend(page.ids if held is None else [id_ for id_ in page.ids if id_ in held])
        cursor = page.next
        if cursor is None:
            break
    return ids


def _order(sort: Sort) -> str:
    """The list's order, as SQL: by each key, what has none last, and by number in the direction of the last key."""
    keys = [(sort.key, sort.descending)] + ([(sort.then, sort.then_descending)] if sort.then else [])
    parts: list[str] = []
    for key, descending in keys:
        column, way = COLUMN[key], "DESC" if descending else "ASC"
        parts += [f"({column} = {UNSCORED!r})"] if column.endswith("_key") else []
        parts.append(f"{column} {way}")
    return ", ".join([*parts, f"sample_id {'DESC' if keys[-1][1] else 'ASC'}"])
