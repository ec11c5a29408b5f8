"""What a search asks for: its look-ups in the text index, and what has to be read in the texts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backend.db.filters import Cursor, Filters
from backend.db.listing import Row, Scope
from backend.db.many import in_chunks
from backend.db.search import SEARCHABLE, Patience, Query, hits, id_column, parse

SORTED = 1_000
"""So many matches are read and sorted for one page."""
SORTED_PROMPTS = 200
"""So many matching prompts, or fewer where each has more than `OF_ONE_PROMPT` samples."""
OF_ONE_PROMPT = 8
OF_PROMPT = "samples AS s ON s.prompt_id = h.id AND s.round_id = :round"
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
        number, last = self.asked.row(f"SELECT count(*), max(id) FROM ({ordered}) AS c", **self.values)
        return 0.0 if number <= self.most else number / max(1, last - self.first + 1)

    def test(self, id_: str) -> str:
        return f" AND EXISTS ({hits(self.table, self.expression, self.dialect)} AND {id_column(self.dialect)} = {id_})"


@dataclass(frozen=True)
class WantedSamples:
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
        return [part for part in (self.text, self.prompt) if part]

    def checked(self, rows: list[Row], searches: list[Search]) -> list[Row]:
        """Read the texts of the rows where the index does not tell whether they match."""
        for search in searches:
            if search.query.check is None or not rows:
                continue
            passed: set[int] = set()
            for chunk in in_chunks(rows, CHECKED):
                ids = ", ".join(str(sample_id) for _, sample_id in chunk)
                source = f"samples AS s {self.join} prompts AS p ON p.id = s.prompt_id" if search is self.prompt else ""
                column = "p.text" if source else "s.text"
                texts = self.asked.all(f"SELECT s.id, {column} FROM {source or 'samples AS s'} WHERE s.id IN ({ids})")
                passed.update(sample_id for sample_id, text in texts if search.query.check(text))
            rows = [row for row in rows if row[1] in passed]
        return rows

    def passing(self, rows: list[Row], tests: list[Search]) -> list[Row]:
        """Look each row up in the text indexes."""
        if not tests or not rows:
            return rows
        ids = ", ".join(str(sample_id) for _, sample_id in rows)
        where = "".join(test.test("s.id" if test is self.text else "s.prompt_id") for test in tests)
        passed = self.asked.all(f"SELECT s.id FROM samples AS s WHERE s.id IN ({ids}){where}", **self.values)
        ids_passed = {sample_id for (sample_id,) in passed}
        return [row for row in rows if row[1] in ids_passed]


def prompt_ends(asked: Scope) -> tuple[int, int, int]:
    """The lowest and the highest prompt of the round, and how many of them one page may sort."""
    asks = "SELECT {}(prompt_id) FROM groups WHERE round_id = :round AND split = 'train'"
    samples_of = "SELECT {}(id) FROM samples WHERE round_id = :round"
    ends = ", ".join(f"({source.format(end)})" for source in (asks, samples_of) for end in ("min", "max"))
    first, last, first_sample, last_sample = (number or 0 for number in asked.row(f"SELECT {ends}"))
    of_one = (last_sample - first_sample + 1) / (last - first + 1)
    # Two at least: a walk begins its last prompt again, and would never leave it.
    return first, last, max(2, int(SORTED_PROMPTS * min(1.0, OF_ONE_PROMPT / of_one)))


def search(asked: Scope, filters: Filters, patience: Patience | None = None) -> WantedSamples:
    """What the filters search for; both searches share one patience."""
    shared = patience or Patience()

    def search_in(table: SEARCHABLE, query: str, name: str) -> Search | None:
        if not query:
            return None
        wanted = parse(query, shared)
        expression, values = wanted.match("sqlite" if asked.is_sqlite else "postgresql", name) or ("", {})
        # Each step's samples follow those of the step before: a search in one step's passes by all others'.
        ends = (*asked.ends, SORTED) if table == "samples" else prompt_ends(asked)
        return Search(asked, table, wanted, expression, values, *ends)

    return WantedSamples(
        asked, search_in("samples", filters.text, "text"), search_in("prompts", filters.prompt, "prompt")
    )
