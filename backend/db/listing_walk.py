"""Readers of matches in the text index's own order: that of the samples, or of the prompts."""

from backend.db.filters import Cursor, Sort
from backend.db.listing import Row, place
from backend.db.listing_wanted import OF_PROMPT, Read, Reader, Search, WantedSamples
from backend.db.many import in_chunks
from backend.db.search import id_column

SLICE = 3_000
"""So many matches are walked through at once, and twice that for one page."""
AHEAD = 2.0
"""So many times the rows that are wanted are read of the index at first, and more where rows are missing:"""
MORE_ON_SQLITE, MORE_ON_POSTGRESQL = 2, 8
"""so many times as many as before. PostgreSQL may begin each time with all matches, so it is asked less often."""


def walking_reader(wanted: WantedSamples, by: Search, order: Sort) -> Reader:
    """The matches in the text index's own order; one read is at most one slice of them."""
    walk = walk_samples if by is wanted.text else walk_prompts

    def read(at: Cursor | None, number: int) -> Read:
        return walk(wanted, by, order, at, number)

    return read


def walk_samples(wanted: WantedSamples, by: Search, order: Sort, at: Cursor | None, number: int) -> Read:
    """Matching samples that pass the filters.

    The index is read on as long as rows are missing. Of a word that is in a hundredth of the texts, a slice is found by
    testing 300,000 of them, where PostgreSQL goes through the samples themselves.
    """
    asked, name = wanted.asked, id_column(by.dialect)
    backward = at is not None and at.backward
    descending = order.descending != backward
    way, sign = ("DESC", "<") if descending else ("ASC", ">")
    rows: list[Row] = []
    last, left = at.sample_id if at else None, SLICE
    size, more = max(1, int(AHEAD * number)), MORE_ON_SQLITE if asked.is_sqlite else MORE_ON_POSTGRESQL
    while left > 0:
        size = min(size, left)
        start = f"{sign} {last}" if last is not None else ""
        matches = [id_ for (id_,) in asked.all(f"{by.hits(start)} ORDER BY {name} {way} LIMIT {size}", **by.values)]
        rows += passing(wanted, matches, number - len(rows), descending=descending)
        if len(rows) == number:
            return rows, place(rows[-1], order, backward=backward)
        # Between the samples that pass may be those of other steps, however many: they are not walked through.
        following = asked.nearest(matches[-1], descending=descending) if len(matches) == size else None
        if following is None:
            return rows, None
        last, left, size = following + (1 if descending else -1), left - size, more * size
    return rows, place((last or 0, last or 0), order, backward=backward)


def passing(wanted: WantedSamples, matches: list[int], number: int, *, descending: bool) -> list[Row]:
    """The first of these samples that pass the filters, at most `number`."""
    asked, rows = wanted.asked, list[Row]()
    where, way = asked.where(asked.any_facet, "l."), "DESC" if descending else "ASC"
    for chunk in in_chunks(matches):
        ids = f"l.sample_id IN ({', '.join(map(str, chunk))}) AND {where}"
        sql = f"SELECT l.sample_id FROM labels AS l WHERE {ids} ORDER BY l.sample_id {way} LIMIT :limit"
        rows += [(id_, id_) for (id_,) in asked.all(sql, limit=number - len(rows))]
        if len(rows) == number:
            break
    return rows


def walk_prompts(wanted: WantedSamples, by: Search, order: Sort, at: Cursor | None, number: int) -> Read:
    """The samples of matching prompts that pass the filters."""
    asked, name, where = wanted.asked, id_column(by.dialect), wanted.asked.where(wanted.asked.any_facet, "l.")
    backward = at is not None and at.backward
    way, sign, end = ("DESC", "<", "min") if order.descending != backward else ("ASC", ">", "max")
    values = {"key": at.key, "id": at.sample_id} if at else {}
    # A prompt is begun again: some of its samples may still come.
    matches = f"({by.hits(f'{sign}= :key' if at else '')} ORDER BY {name} {way} LIMIT {by.most}) AS h"
    source = f"{matches} {wanted.join} {OF_PROMPT} {wanted.join} labels AS l ON l.sample_id = s.id WHERE {where}"
    if at:
        source += f" AND (h.id, l.sample_id) {sign} (:key, :id)"
    sql = f"SELECT h.id AS k, l.sample_id FROM {source} ORDER BY h.id {way}, l.sample_id {way} LIMIT :limit"
    rows = [(key, id_) for key, id_ in asked.all(sql, limit=number, **by.values, **values)]
    if len(rows) == number:
        return rows, place(rows[-1], order, backward=backward)
    last, walked = asked.row(f"SELECT {end}(h.id), count(*) FROM {matches}", **by.values, **values)
    if walked < by.most:
        return rows, None
    return rows, place((last, 0 if way == "DESC" else 2**62), order, backward=backward)
