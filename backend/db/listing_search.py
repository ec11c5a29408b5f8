"""A page of a search: few matches are gathered and sorted, many are walked in the order of the text index.

Sorting half a million matches is no page's work. Such a search comes in the order of the samples (or of the
prompts), which the text index gives for nothing, and says so in `Found.sort`. One page reads a bounded number of
matches; when the other filters let too few of them pass, it ends early (`is_partial`) and the next page goes on.
"""

from dataclasses import dataclass, replace
from typing import Any

from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import GATHERED, Count, Found, Row, Scope, counted, found, legs, listed, place
from backend.db.search import hits, id_column, match
from backend.errors import InvalidInput

GATHERED_PROMPTS = 250
PROBED = 500
"""So many samples may each be looked up in the text index for one page."""
OF_PROMPT = "samples AS s ON s.prompt_id = h.id AND s.round_id = :round"
SLICE = 3_000
SLICES = 2


@dataclass(frozen=True)
class Search:
    """The two search expressions with their values; empty where nothing is searched."""

    asked: Scope
    text: str
    prompt: str
    values: dict[str, Any]

    def text_hits(self, more: str = "") -> str:
        name = id_column(self.dialect)
        within = f" AND {name} BETWEEN :first AND :last" + (f" AND {name} {more}" if more else "")
        return hits("samples", self.text, self.dialect) + within

    def prompt_hits(self, more: str = "") -> str:
        name = id_column(self.dialect)
        within = f" AND {name} BETWEEN :first_prompt AND :last_prompt" + (f" AND {name} {more}" if more else "")
        return hits("prompts", self.prompt, self.dialect) + within

    def text_test(self) -> str:
        """Whether the sample `l` matches, one look-up."""
        return f" AND EXISTS ({hits('samples', self.text, self.dialect)} AND {id_column(self.dialect)} = l.sample_id)"

    def prompt_test(self) -> str:
        prompt = "(SELECT prompt_id FROM samples WHERE samples.id = l.sample_id)"
        return f" AND EXISTS ({hits('prompts', self.prompt, self.dialect)} AND {id_column(self.dialect)} = {prompt})"

    @property
    def dialect(self) -> str:
        return "sqlite" if self.asked.is_sqlite else "postgresql"

    @property
    def join(self) -> str:
        """SQLite keeps the order of a CROSS JOIN; PostgreSQL chooses by its statistics."""
        return "CROSS JOIN" if self.asked.is_sqlite else "JOIN"

    def bounded(self, sql: str, cap: int) -> int:
        return int(self.asked.one(f"SELECT count(*) FROM ({sql} LIMIT {cap}) AS c", **self.values)[0])


def search(asked: Scope, filters: Filters) -> Search:
    """The search of the filters within the ids the round spans."""
    values: dict[str, Any] = {}
    expressions = {}
    for name in ("text", "prompt"):
        expressions[name] = ""
        if getattr(filters, name):
            dialect = "sqlite" if asked.is_sqlite else "postgresql"
            expressions[name], bound = match(getattr(filters, name), dialect, name)
            values |= bound
    ends = "(SELECT {f}(id) FROM samples WHERE round_id = :round)"
    prompts = "(SELECT {f}(prompt_id) FROM groups WHERE round_id = :round AND split = 'train')"
    row = asked.one("SELECT " + ", ".join(q.format(f=f) for q in (ends, prompts) for f in ("min", "max")))
    values |= dict(zip(("first", "last", "first_prompt", "last_prompt"), row, strict=True))
    return Search(asked, expressions["text"], expressions["prompt"], values)


def searched(asked: Scope, filters: Filters, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """A page of what matches the search and the filters."""
    wanted = search(asked, filters)
    if not asked.facets:
        return Found(sort=sort)
    sort = cursor.sort if cursor else sort
    if sort.key is not SortKey.prompt:
        gathered = candidates(wanted)
        if gathered is not None:
            return gather(wanted, gathered, sort, cursor, limit)
    return walk(wanted, sort, cursor, limit)


def candidates(wanted: Search) -> str | None:
    """A FROM clause with few enough rows to sort, and its tests; None when everything is large."""
    prompt_test = wanted.prompt_test() if wanted.prompt else ""
    text_test = wanted.text_test() if wanted.text else ""
    if wanted.text and wanted.bounded(wanted.text_hits(), GATHERED + 1) <= GATHERED:
        cap = f"({wanted.text_hits()} LIMIT {GATHERED})"
        return f"{cap} AS h {wanted.join} labels AS l ON l.sample_id = h.id WHERE 1 = 1{prompt_test}"
    if wanted.prompt and wanted.bounded(wanted.prompt_hits(), GATHERED_PROMPTS + 1) <= GATHERED_PROMPTS:
        prompts = f"({wanted.prompt_hits()} LIMIT {GATHERED_PROMPTS}) AS h {wanted.join} {OF_PROMPT}"
        joined = f"{prompts} {wanted.join} labels AS l ON l.sample_id = s.id"
        return f"{joined} WHERE 1 = 1{text_test}"
    if counted_few(wanted.asked):
        return f"labels AS l WHERE 1 = 1{text_test}{prompt_test}"
    return None


def counted_few(asked: Scope) -> bool:
    few = counted(asked)
    return few.is_exact and few.number <= PROBED


def gather(wanted: Search, source: str, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """Read all candidates, sort them, take a page."""
    asked = wanted.asked
    rows: list[Row] = []
    where = f"{source} AND {asked.where(asked.any_facet, 'l.')}"
    for leg in legs(sort, cursor):
        if len(rows) <= limit:
            tests, order = leg.sql("l.")
            sql = f"SELECT l.{leg.column} AS k, l.sample_id FROM {where}{tests} ORDER BY {order} LIMIT :limit"
            rows += [tuple(row) for row in asked.all(sql, limit=limit + 1 - len(rows), **wanted.values, **leg.values)]
    number = asked.one(f"SELECT count(*) FROM {where}", **wanted.values)[0]
    return found(rows, limit, sort, cursor, Count(number))


def walk(wanted: Search, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """Go through the matches in the text index's own order, a slice at a time, until the page is full."""
    key = SortKey.id if wanted.text else SortKey.prompt
    if cursor is not None and cursor.sort.key is not key:
        cursor = None  # the matches have become too many since the last page: this is another list
    order = Sort(key, descending=sort.descending if sort.key is key else False)
    backward = cursor is not None and cursor.backward
    descending = order.descending != backward
    at: Row | None = None if cursor is None else (cursor.key, cursor.sample_id)
    rows: list[Row] = []
    is_partial = False
    for _ in range(SLICES):
        rows += slice_rows(wanted, key, at, descending, limit + 1 - len(rows))
        if len(rows) > limit:
            is_partial = False
            break
        at, is_partial = slice_end(wanted, key, at, descending)
        if not is_partial:
            break
    is_all = not is_partial and cursor is None and len(rows) <= limit
    page = found(rows, limit, order, cursor, Count(min(len(rows), limit), is_exact=is_all))
    if not is_partial or at is None:
        return page
    if backward:
        return replace(page, is_partial=True, previous=place(at, order, backward=True))
    return replace(page, is_partial=True, next=place(at, order))


def slice_sql(wanted: Search, key: SortKey, at: Row | None, descending: bool) -> str:
    """The next matches after `at`, in order. A prompt is begun again: some of its samples may still come."""
    way, sign = ("DESC", "<") if descending else ("ASC", ">")
    if key is SortKey.id:
        return (
            f"{wanted.text_hits(f'{sign} :id' if at else '')} ORDER BY {id_column(wanted.dialect)} {way} LIMIT {SLICE}"
        )
    hit = wanted.prompt_hits(f"{sign}= :key" if at else "")
    return f"{hit} ORDER BY {id_column(wanted.dialect)} {way} LIMIT {GATHERED_PROMPTS}"


def slice_rows(wanted: Search, key: SortKey, at: Row | None, descending: bool, limit: int) -> list[Row]:
    asked, values = wanted.asked, {"key": at[0], "id": at[1]} if at else {}
    way, sign = ("DESC", "<") if descending else ("ASC", ">")
    part = f"({slice_sql(wanted, key, at, descending)}) AS h {wanted.join}"
    where = asked.where(asked.any_facet, "l.")
    if key is SortKey.id:
        test = wanted.prompt_test() if wanted.prompt else ""
        source = f"{part} labels AS l ON l.sample_id = h.id WHERE {where}{test} ORDER BY h.id {way}"
        sql = f"SELECT l.sample_id AS k, l.sample_id FROM {source} LIMIT :limit"
    else:
        joined = f"{part} {OF_PROMPT} {wanted.join} labels AS l ON l.sample_id = s.id"
        after = f" AND (h.id, l.sample_id) {sign} (:key, :id)" if at else ""
        order = f"ORDER BY h.id {way}, l.sample_id {way}"
        sql = f"SELECT h.id AS k, l.sample_id FROM {joined} WHERE {where}{after} {order} LIMIT :limit"
    return [tuple(row) for row in asked.all(sql, limit=limit, **wanted.values, **values)]


def slice_end(wanted: Search, key: SortKey, at: Row | None, descending: bool) -> tuple[Row | None, bool]:
    """Where the slice ended, and whether there may be more after it."""
    values = {"key": at[0], "id": at[1]} if at else {}
    size = SLICE if key is SortKey.id else GATHERED_PROMPTS
    ends = f"SELECT {'min' if descending else 'max'}(id), count(*) FROM ({slice_sql(wanted, key, at, descending)}) AS c"
    last, number = wanted.asked.one(ends, **wanted.values, **values)
    if number < size:
        return at, False
    return (last, last if key is SortKey.id else (0 if descending else 2**62)), True


def find(asked: Scope, filters: Filters, sort: Sort, cursor: Cursor | None, limit: int) -> Found:
    """A page of a round's samples; the cursor's own order counts."""
    key = (cursor.sort if cursor else sort).key
    if key is SortKey.prompt and not filters.prompt:
        raise InvalidInput("The order by prompt is for searches in prompts only. Choose another one.")
    if filters.text or filters.prompt:
        return searched(asked, filters, sort, cursor, limit)
    return listed(asked, cursor.sort if cursor else sort, cursor, limit)
