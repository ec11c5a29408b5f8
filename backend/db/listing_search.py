"""A page of a search: few matches are sorted, many are walked through in an order that some index has ready.

Sorting half a million matches is no page's work. Where the filters leave little, their rows come in the wanted order
and each is looked up in the text index; else the matches come in the text index's own order, that of the samples
(or of the prompts), and `Found.sort` says so. One page reads a bounded number of rows: when too few of them pass,
it ends early (`is_partial`) and the next page goes on. What the index cannot tell (`Query.check`) is read in the text.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import COLUMN, Count, Found, Row, Scope, counted, found, listed, listed_rows, place
from backend.db.many import in_chunks
from backend.db.search import SEARCHABLE, Patience, Query, hits, id_column, parse
from backend.db.tables.judgment import UNSCORED
from backend.errors import InvalidInput

SORTED = 1_000
"""So many matches are read and sorted for one page."""
SORTED_PROMPTS = 200
"""So many matching prompts, or fewer where each has more than `OF_ONE_PROMPT` samples."""
OF_ONE_PROMPT = 8
OF_PROMPT = "samples AS s ON s.prompt_id = h.id AND s.round_id = :round"
PROBES = 60
"""So many rows are looked up in the text index at once, and twice that for one page: a look-up takes 0.1 ms."""
BATCHES = 2
SLICE = 3_000
"""So many matches are walked through at once, and twice that for one page."""
PROBE_COST = 80
"""A look-up in the text index costs as much as walking through so many matches."""
CHECKED = 500
"""So many texts are read at once, and twice that for one page."""

Read = tuple[list[Row], Cursor | None]
"""Rows, and the place to go on from; None when there is no more."""
Reader = Callable[[Cursor | None, int], Read]


@dataclass(frozen=True)
class Search:
    """One searched table: the query, its expression and values, and the ids the round spans there.

    Without an expression there is nothing to look up in the index, and the texts alone tell what matches. `most`: so
    many matches are read and sorted for one page.
    """

    asked: Scope
    table: SEARCHABLE
    query: Query
    expression: str
    values: dict[str, Any]
    first: int
    last: int
    most: int

    @property
    def dialect(self) -> str:
        return "sqlite" if self.asked.is_sqlite else "postgresql"

    def hits(self, more: str = "") -> str:
        """A query for the ids that match; ids outside the round's span are other rounds'."""
        name = id_column(self.dialect)
        within = f" AND {name} BETWEEN {self.first} AND {self.last}" + (f" AND {name} {more}" if more else "")
        return hits(self.table, self.expression, self.dialect) + within

    @cached_property
    def density(self) -> float:
        """The share of rows that match in the index, going by the first ones; 0 when all of them can be sorted."""
        if not self.expression:
            return 1.0
        ordered = f"{self.hits()} ORDER BY {id_column(self.dialect)} LIMIT {self.most + 1}"
        number, last = self.asked.one(f"SELECT count(*), max(id) FROM ({ordered}) AS c", **self.values)
        return 0.0 if number <= self.most else number / max(1, last - self.first + 1)

    def test(self, id_: str) -> str:
        return f" AND EXISTS ({hits(self.table, self.expression, self.dialect)} AND {id_column(self.dialect)} = {id_})"


@dataclass(frozen=True)
class Wanted:
    """A search in the samples, in their prompts, or both."""

    asked: Scope
    text: Search | None
    prompt: Search | None

    @property
    def values(self) -> dict[str, Any]:
        return (self.text.values if self.text else {}) | (self.prompt.values if self.prompt else {})

    @property
    def join(self) -> str:
        """SQLite keeps the order of a CROSS JOIN; PostgreSQL chooses by its statistics."""
        return "CROSS JOIN" if self.asked.is_sqlite else "JOIN"

    @property
    def searches(self) -> list[Search]:
        return [one for one in (self.text, self.prompt) if one]

    def checked(self, rows: list[Row], searches: list[Search]) -> list[Row]:
        """Read the texts of the rows where the index does not tell whether they match."""
        for one in searches:
            if one.query.check is None or not rows:
                continue
            passed: set[int] = set()
            for chunk in in_chunks(rows, CHECKED):
                ids = ", ".join(str(sample_id) for _, sample_id in chunk)
                source = f"samples AS s {self.join} prompts AS p ON p.id = s.prompt_id" if one is self.prompt else ""
                column = "p.text" if source else "s.text"
                texts = self.asked.all(f"SELECT s.id, {column} FROM {source or 'samples AS s'} WHERE s.id IN ({ids})")
                passed.update(sample_id for sample_id, text in texts if one.query.check(text))
            rows = [row for row in rows if row[1] in passed]
        return rows

    def passing(self, rows: list[Row], tests: list[Search]) -> list[Row]:
        """Look each row up in the text indexes."""
        if not tests or not rows:
            return rows
        ids = ", ".join(str(sample_id) for _, sample_id in rows)
        where = "".join(one.test("s.id" if one is self.text else "s.prompt_id") for one in tests)
        passed = self.asked.all(f"SELECT s.id FROM samples AS s WHERE s.id IN ({ids}){where}", **self.values)
        ids_passed = {sample_id for (sample_id,) in passed}
        return [row for row in rows if row[1] in ids_passed]


def prompt_ends(asked: Scope) -> tuple[int, int, int]:
    """The lowest and the highest prompt of the round, and how many of them one page may sort."""
    asks = "SELECT {}(prompt_id) FROM groups WHERE round_id = :round AND split = 'train'"
    made = "SELECT {}(id) FROM samples WHERE round_id = :round"
    ends = ", ".join(f"({source.format(end)})" for source in (asks, made) for end in ("min", "max"))
    first, last, first_sample, last_sample = (number or 0 for number in asked.one(f"SELECT {ends}"))
    of_one = (last_sample - first_sample + 1) / (last - first + 1)
    # Two at least: a walk begins its last prompt again, and would never leave it.
    return first, last, max(2, int(SORTED_PROMPTS * min(1.0, OF_ONE_PROMPT / of_one)))


def search(asked: Scope, filters: Filters, patience: Patience | None = None) -> Wanted:
    """What the filters search for; both searches share one patience."""
    shared = patience or Patience()

    def one(table: SEARCHABLE, query: str, name: str) -> Search | None:
        if not query:
            return None
        wanted = parse(query, shared)
        expression, values = wanted.match("sqlite" if asked.is_sqlite else "postgresql", name) or ("", {})
        # Each step's samples follow those of the step before: a search in one step's passes by all others'.
        ends = (*asked.ends, SORTED) if table == "samples" else prompt_ends(asked)
        return Search(asked, table, wanted, expression, values, *ends)

    return Wanted(asked, one("samples", filters.text, "text"), one("prompts", filters.prompt, "prompt"))


def find(
    asked: Scope, filters: Filters, sort: Sort, cursor: Cursor | None, limit: int, *, patience: Patience | None = None
) -> Found:
    """A page of a round's samples; the cursor's own order counts. `patience`: of all pages of one action."""
    sort = cursor.sort if cursor else sort
    if sort.key is SortKey.prompt and not filters.prompt:
        raise InvalidInput("The order by prompt is for searches in prompts only. Choose another one.")
    if not (filters.text or filters.prompt):
        return listed(asked, sort, cursor, limit)
    wanted = search(asked, filters, patience)
    return chosen_way(wanted, sort, cursor, limit) if asked.facets else Found(sort=sort)


def chosen_way(wanted: Wanted, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """The way that reads least: sort all matches, look up what the filters leave, or walk through the matches."""
    text, prompt = wanted.text, wanted.prompt
    by_prompt = sort.key is SortKey.prompt
    if text and text.density == 0 and not by_prompt:
        both = prompt is not None and prompt.density == 0
        rows = few_matches(wanted, text, sort, prompt if both else None)
        return sorted_page(wanted, rows, sort, cursor, limit, tests=[] if both or not prompt else [prompt])
    if prompt and prompt.density == 0 and not by_prompt:
        rows = few_prompts(wanted, prompt, sort)
        return sorted_page(wanted, rows, sort, cursor, limit, tests=[text] if text else [])
    looked_up = [one for one in wanted.searches if one.expression]
    if by_prompt and not (prompt and prompt.expression):
        raise InvalidInput("The order by prompt is for searches for words in prompts only. Choose another one.")
    goes_on = cursor is not None and sort.key is not SortKey.id
    if not looked_up or (not by_prompt and (goes_on or few_candidates(wanted, looked_up))):
        reader = filtered_reader(wanted.asked, sort)
        return page(wanted, reader, sort, cursor, limit, tests=looked_up, checks=wanted.searches)
    first, *rest = looked_up
    key = SortKey.id if first is text else SortKey.prompt
    if cursor is not None and sort.key is not key:
        cursor = None  # there are more matches than on the last page, and this is another list
    order = Sort(key, descending=sort.descending and sort.key is key)
    reader = walking_reader(wanted, first, order)
    return page(wanted, reader, order, cursor, limit, tests=rest, checks=wanted.searches)


def sorted_page(
    wanted: Wanted, rows: list[Row], sort: Sort, cursor: Cursor | None, limit: int, *, tests: list[Search]
) -> Found:
    """A page of few matches, which are all here: those that the texts do not confirm are left out before they count."""
    rows = wanted.checked(rows, [one for one in wanted.searches if one not in tests])
    return page(wanted, sorted_reader(rows, sort), sort, cursor, limit, tests=tests, checks=tests, matches=rows)


def few_candidates(wanted: Wanted, tests: list[Search]) -> bool:
    """Whether looking up what the filters leave takes fewer reads than walking through what matches."""
    few = counted(wanted.asked)
    first, last = wanted.asked.ends
    share = few.number / max(1, last - first + 1)
    density = math.prod(one.density for one in tests)
    return few.is_exact and (few.number <= PROBES * BATCHES or share * PROBE_COST < density)


def page(
    wanted: Wanted,
    read: Reader,
    sort: Sort,
    cursor: Cursor | None,
    limit: int,
    *,
    tests: list[Search],
    checks: list[Search],
    matches: list[Row] | None = None,
) -> Found:
    """Rows in the reader's order.

    With `tests` they are looked up in the index, with `checks` in their texts, until the page is full or enough were.
    """
    rows: list[Row] = []
    at: Cursor | None = cursor
    checks = [one for one in checks if one.query.check is not None]
    tests = [one for one in tests if one.expression]
    for _ in range(BATCHES):
        batch, at = read(at, PROBES if tests else CHECKED if checks else limit + 1 - len(rows))
        rows += wanted.checked(wanted.passing(batch, tests), checks)
        if len(rows) > limit or at is None:
            break
    is_all = at is None and cursor is None and len(rows) <= limit
    is_known = matches is not None and not (tests or checks)
    count = Count(len(matches or ())) if is_known else Count(min(len(rows), limit), is_exact=is_all)
    seen = found(rows, limit, sort, cursor, count)
    if len(rows) > limit or at is None:
        return seen
    seen = replace(seen, is_partial=True)
    return replace(seen, previous=at) if at.backward else replace(seen, next=at)


def standing(row: Row, sort: Sort) -> tuple[bool, float, int]:
    """What rows are compared by."""
    key, sample_id = row
    return key <= UNSCORED, -key if sort.descending else key, -sample_id if sort.descending else sample_id


def sorted_reader(rows: list[Row], sort: Sort) -> Reader:
    """All matches are here."""
    rows = sorted(rows, key=lambda row: standing(row, sort))

    def read(at: Cursor | None, number: int) -> Read:
        if at is None:
            left = rows
        elif at.backward:
            left = [row for row in reversed(rows) if standing(row, sort) < standing((at.key, at.sample_id), sort)]
        else:
            left = [row for row in rows if standing(row, sort) > standing((at.key, at.sample_id), sort)]
        return ended(left[:number], number, sort, at)

    return read


def filtered_reader(asked: Scope, sort: Sort) -> Reader:
    """What the filters leave, in the wanted order."""
    return lambda at, number: ended(listed_rows(asked, sort, at, number), number, sort, at)


def ended(rows: list[Row], number: int, sort: Sort, at: Cursor | None) -> Read:
    if len(rows) < number or not rows:
        return rows, None
    return rows, place(rows[-1], sort, backward=at is not None and at.backward)


def few_matches(wanted: Wanted, text: Search, sort: Sort, prompt: Search | None) -> list[Row]:
    """All samples whose text matches and that pass the filters."""
    labels = f"({text.hits()} LIMIT {text.most}) AS h {wanted.join} labels AS l ON l.sample_id = h.id"
    if prompt is None:
        return matched(wanted, f"{labels} WHERE", sort)
    return matched(
        wanted, f"{labels} {wanted.join} samples AS s ON s.id = h.id WHERE s.prompt_id IN ({prompt.hits()}) AND", sort
    )


def few_prompts(wanted: Wanted, prompt: Search, sort: Sort) -> list[Row]:
    """All samples whose prompt matches and that pass the filters."""
    samples = f"({prompt.hits()} LIMIT {prompt.most}) AS h {wanted.join} {OF_PROMPT}"
    return matched(wanted, f"{samples} {wanted.join} labels AS l ON l.sample_id = s.id WHERE", sort)


def matched(wanted: Wanted, source: str, sort: Sort) -> list[Row]:
    where = wanted.asked.where(wanted.asked.any_facet, "l.")
    sql = f"SELECT l.{COLUMN[sort.key]} AS k, l.sample_id FROM {source} {where}"
    return [(key, sample_id) for key, sample_id in wanted.asked.all(sql, **wanted.values)]


def walking_reader(wanted: Wanted, by: Search, order: Sort) -> Reader:
    """The matches in the text index's own order; one read is at most one slice of them."""
    asked, name, is_text = wanted.asked, id_column(by.dialect), by is wanted.text
    where = asked.where(asked.any_facet, "l.")

    def read(at: Cursor | None, number: int) -> Read:
        backward = at is not None and at.backward
        way, sign, end = ("DESC", "<", "min") if order.descending != backward else ("ASC", ">", "max")
        values = {"key": at.key, "id": at.sample_id} if at else {}
        # A prompt is begun again: some of its samples may still come.
        size, start = (SLICE, f"{sign} :id") if is_text else (by.most, f"{sign}= :key")
        matches = f"({by.hits(start if at else '')} ORDER BY {name} {way} LIMIT {size}) AS h"
        source = f"{matches} {wanted.join} labels AS l ON l.sample_id = h.id WHERE {where}"
        if not is_text:
            samples = f"{matches} {wanted.join} {OF_PROMPT} {wanted.join} labels AS l ON l.sample_id = s.id"
            source = f"{samples} WHERE {where}" + (f" AND (h.id, l.sample_id) {sign} (:key, :id)" if at else "")
        sql = f"SELECT h.id AS k, l.sample_id FROM {source} ORDER BY h.id {way}, l.sample_id {way} LIMIT :limit"
        rows = [(key, id_) for key, id_ in asked.all(sql, limit=number, **by.values, **values)]
        if len(rows) == number:
            return rows, place(rows[-1], order, backward=backward)
        last, seen = asked.one(f"SELECT {end}(h.id), count(*) FROM {matches}", **by.values, **values)
        if seen < size:
            return rows, None
        if is_text:
            # Between the samples that pass may be those of other steps, however many: they are not walked through.
            following = asked.nearest(last, descending=way == "DESC")
            if following is None:
                return rows, None
            last = following + (1 if way == "DESC" else -1)
        return rows, place((last, last if is_text else 0 if way == "DESC" else 2**62), order, backward=backward)

    return read
