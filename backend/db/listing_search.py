"""A page of a search: few matches are sorted, many are walked through in an order that some index has ready.

Sorting half a million matches is no page's work. Where the filters leave little, their rows come in the wanted order
and each is looked up in the text index; else the matches come in the text index's own order, that of the samples
(or of the prompts), and `Found.sort` says so. One page reads a bounded number of rows: when too few of them pass,
it ends early (`is_partial`) and the next page goes on. What the index cannot tell (`Query.check`) is read in the text.
"""

import math
from dataclasses import replace

from backend.db import listing_among, listing_two_keys
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import COLUMN, Count, IdPage, Row, Scope, counted, listed, listed_rows, page_of, place
from backend.db.listing_walk import walking_reader
from backend.db.listing_wanted import CHECKED, OF_PROMPT, Read, Reader, Search, WantedSamples, search
from backend.db.search import Patience
from backend.db.tables.judgment import UNSCORED
from backend.errors import InvalidInput

PROBES = 60
"""So many rows are looked up in the text index at once, and twice that for one page: a look-up takes 0.1 ms."""
BATCHES = 2
PROBE_COST = 80
"""A look-up in the text index costs as much as walking through so many matches."""


def find(
    asked: Scope, filters: Filters, sort: Sort, cursor: Cursor | None, limit: int, *, patience: Patience | None = None
) -> IdPage:
    """A page of a round's samples; the cursor's own order counts. `patience`: of all pages of one action."""
    sort = cursor.sort if cursor else sort
    if sort.key is SortKey.prompt and not filters.prompt:
        raise InvalidInput("The order by prompt is for searches in prompts only. Choose another one.")
    if not (filters.text or filters.prompt or asked.among):
        return listed(asked, sort, cursor, limit)
    wanted = search(asked, filters, patience)
    if not asked.facets:
        return IdPage(sort=sort)
    rows = None if sort.key is SortKey.prompt else listing_among.few(asked, sort)
    if rows is not None:
        return sorted_page(wanted, rows, sort, cursor, limit, tests=wanted.searches)
    if not wanted.searches:
        return page(wanted, filtered_reader(asked, sort), sort, cursor, limit, tests=[], checks=[])
    return chosen_way(wanted, sort, cursor, limit)


def chosen_way(wanted: WantedSamples, sort: Sort, cursor: Cursor | None, limit: int) -> IdPage:
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
    looked_up = [search for search in wanted.searches if search.expression]
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
    wanted: WantedSamples, rows: list[Row], sort: Sort, cursor: Cursor | None, limit: int, *, tests: list[Search]
) -> IdPage:
    """A page of few matches, which are all here: those that the texts do not confirm are left out before they count."""
    rows = wanted.checked(rows, [search for search in wanted.searches if search not in tests])
    rows = rows if sort.then is None else listing_two_keys.with_second(wanted.asked, rows, sort)
    return page(wanted, sorted_reader(rows, sort), sort, cursor, limit, tests=tests, checks=tests, matches=rows)


def few_candidates(wanted: WantedSamples, tests: list[Search]) -> bool:
    """Whether looking up what the filters leave takes fewer reads than walking through what matches."""
    few = counted(wanted.asked)
    first, last = wanted.asked.ends
    share = few.number / max(1, last - first + 1)
    density = math.prod(test.density for test in tests)
    return few.is_exact and (few.number <= PROBES * BATCHES or share * PROBE_COST < density)


def page(
    wanted: WantedSamples,
    read: Reader,
    sort: Sort,
    cursor: Cursor | None,
    limit: int,
    *,
    tests: list[Search],
    checks: list[Search],
    matches: list[Row] | None = None,
) -> IdPage:
    """Rows in the reader's order.

    With `tests` they are looked up in the index, with `checks` in their texts, until the page is full or enough were;
    and in the set that is asked for, where they are not all its `matches`.
    """
    is_among = wanted.asked.among is not None and matches is None
    rows: list[Row] = []
    at: Cursor | None = cursor
    looked_at = 0
    checks = [check for check in checks if check.query.check is not None]
    tests = [test for test in tests if test.expression]
    for _ in range(BATCHES):
        most = (
            PROBES if tests else CHECKED if checks else listing_among.LOOKED_UP if is_among else limit + 1 - len(rows)
        )
        batch, at = read(at, most)
        looked_at += len(batch)
        batch = listing_among.within(wanted.asked, batch) if is_among else batch
        rows += wanted.checked(wanted.passing(batch, tests), checks)
        if len(rows) > limit or at is None:
            break
    is_all = at is None and cursor is None and len(rows) <= limit
    is_known = matches is not None and not (tests or checks)
    count = Count(len(matches or ())) if is_known else Count(min(len(rows), limit), is_exact=is_all)
    seen = replace(page_of(rows, limit, sort, cursor, count), looked_at=looked_at)
    if len(rows) > limit or at is None:
        return seen
    seen = replace(seen, is_partial=True)
    return replace(seen, previous=at) if at.backward else replace(seen, next=at)


def standing(row: Row, sort: Sort) -> tuple[bool, float, bool, float, int]:
    """What rows are compared by."""
    if sort.then is not None:
        return listing_two_keys.standing(row, sort)
    key, sample_id = listing_two_keys.first_of(row[0]), row[1]
    sign = -1 if sort.descending else 1
    return key <= UNSCORED, sign * key, False, 0.0, sign * sample_id


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


def few_matches(wanted: WantedSamples, text: Search, sort: Sort, prompt: Search | None) -> list[Row]:
    """All samples whose text matches and that pass the filters."""
    labels = f"({text.hits()} LIMIT {text.most}) AS h {wanted.join} labels AS l ON l.sample_id = h.id"
    if prompt is None:
        return matched(wanted, f"{labels} WHERE", sort)
    return matched(
        wanted, f"{labels} {wanted.join} samples AS s ON s.id = h.id WHERE s.prompt_id IN ({prompt.hits()}) AND", sort
    )


def few_prompts(wanted: WantedSamples, prompt: Search, sort: Sort) -> list[Row]:
    """All samples whose prompt matches and that pass the filters."""
    samples = f"({prompt.hits()} LIMIT {prompt.most}) AS h {wanted.join} {OF_PROMPT}"
    return matched(wanted, f"{samples} {wanted.join} labels AS l ON l.sample_id = s.id WHERE", sort)


def matched(wanted: WantedSamples, source: str, sort: Sort) -> list[Row]:
    where = wanted.asked.where(wanted.asked.any_facet, "l.")
    sql = f"SELECT l.{COLUMN[sort.key]} AS k, l.sample_id FROM {source} {where}"
    rows = [(key, sample_id) for key, sample_id in wanted.asked.all(sql, **wanted.values)]
    return listing_among.within(wanted.asked, rows)
