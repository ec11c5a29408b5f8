"""What a list of samples is asked for, as SQL: a round, its facets that pass the filters, and ranges of columns."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.db.filters import MOST_TOKENS, Filters, SortKey
from backend.errors import InvalidInput

COLUMN = {
    SortKey.id: "sample_id",
    SortKey.score: "score_key",
    SortKey.length: "num_tokens",
    SortKey.spread: "spread_key",
}
INDEX = {
    "sample_id": "ix_labels_by_id",
    "score_key": "ix_labels_by_score",
    "num_tokens": "ix_labels_by_length",
    "spread_key": "ix_labels_by_spread",
}


@dataclass(frozen=True)
class IdQueries:
    """Queries for the ids of some samples of a round which no index of labels tells.

    `every`: together they give all. `read`: a row for each that `every` reads. `those`: together they give those among
    the given ids.
    """

    every: Sequence[Any]
    read: Any
    those: Callable[[Sequence[int]], Sequence[Any]]


@dataclass(frozen=True)
class Scope:
    """What is asked, as SQL: the round, its facets that pass, ranges of columns, and a set that holds the samples."""

    db: Session
    round_id: int
    facets: tuple[int, ...]
    ranges: dict[str, tuple[float, float]]
    among: IdQueries | None = None

    def narrowed(self, filters: Filters) -> "Scope":
        """The same round by these filters, of a scope that leaves nothing out: its facets are known."""
        facets = tuple(facet for facet in self.facets if filters.matches_facet(facet))
        return replace(self, facets=facets, ranges=_ranges(filters))

    @property
    def is_sqlite(self) -> bool:
        return self.db.get_bind().dialect.name == "sqlite"

    def labels(self, column: str) -> str:
        """The table, read through the index that is in this column's order."""
        return f"labels INDEXED BY {INDEX[column]}" if self.is_sqlite else "labels"

    def where(self, facet: str, prefix: str = "", *, unused: Collection[str] = ()) -> str:
        """The condition. `unused`: bounds of which no index may be used, since a further condition says more.

        SQLite would use one of the two conditions, whichever; the sign keeps it from the other.
        """
        tests = [f"{prefix}round_id = :round", f"{prefix}facet {facet}"]
        for name in self.ranges:
            for bound, sign in ((f"{name}_lo", ">="), (f"{name}_hi", "<=")):
                tests.append(f"{'+' if bound in unused else ''}{prefix}{name} {sign} :{bound}")
        return " AND ".join(tests)

    @property
    def any_facet(self) -> str:
        return f"IN ({', '.join(map(str, self.facets))})"

    def each(self, facets: Iterable[int] | None = None) -> str:
        """A table `f` of these facets, or of all that pass: a statement that goes through it is made ready once.

        One with a part for each facet takes longer to be made ready than to run, where several steps made the samples.
        """
        asked = self.facets if facets is None else facets
        return f"f(facet) AS (VALUES {', '.join(f'({facet})' for facet in asked)})"

    @property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest id with one of the facets, whatever the ranges; 0 and 0 where there are none."""
        first, last = self.nearest(0), self.nearest(2**62, descending=True)
        return first or 0, last or 0

    def nearest(self, beyond: int, *, descending: bool = False) -> int | None:
        """The first id with one of the facets after `beyond`, whatever the ranges; descending, the last before it."""
        if not self.facets:
            return None
        end, sign = ("max", "<") if descending else ("min", ">")
        inside = f"round_id = :round AND facet = f.facet AND sample_id {sign} :beyond"
        nearest_of_facet = f"SELECT {end}(sample_id) FROM {self.labels('sample_id')} WHERE {inside}"
        number: int | None = self.row(f"WITH {self.each()} SELECT {end}(({nearest_of_facet})) FROM f", beyond=beyond)[0]
        return number

    @property
    def values(self) -> dict[str, Any]:
        bounds = {
            f"{name}_{end}": value
            for name, pair in self.ranges.items()
            for end, value in zip(("lo", "hi"), pair, strict=True)
        }
        return {"round": self.round_id} | bounds

    def all(self, sql: str, **values: Any) -> list[Any]:
        return list(self.db.execute(text(sql), self.values | values).all())

    def row(self, sql: str, **values: Any) -> Any:
        return self.db.execute(text(sql), self.values | values).one()


def scope(db: Session, round_id: int, filters: Filters, among: IdQueries | None = None) -> Scope:
    """The filters for one round; its facets are found by skipping from one to the next.

    `among`: the set that `filters.needs_set` says is asked for. Raises `InvalidInput` where it is not given.
    """
    if filters.needs_set and among is None:
        what = "Answers, metadata, tags, near-duplicates, neighbours, clusters, checkpoints and judges are filters"
        is_decided = filters.decided or filters.human_verdict or filters.reviewer is not None
        what = "Who decided is a filter" if is_decided else what
        raise InvalidInput(f"{what} of lists and of their exports only. Leave this out here.")
    ranges = _ranges(filters)
    empty = Scope(db, round_id, (), ranges)
    least = f"SELECT min(facet) FROM {empty.labels('sample_id')} WHERE round_id = :round"
    sql = (
        f"WITH RECURSIVE found(facet) AS (SELECT ({least}) UNION ALL"
        f" SELECT ({least} AND labels.facet > found.facet) FROM found WHERE found.facet IS NOT NULL)"
        " SELECT facet FROM found WHERE facet IS NOT NULL"
    )
    facets = db.execute(text(sql), {"round": round_id}).scalars()
    return Scope(db, round_id, tuple(facet for facet in facets if filters.matches_facet(facet)), ranges, among)


def _ranges(filters: Filters) -> dict[str, tuple[float, float]]:
    """Bounds of columns, lowest and highest."""
    ranges: dict[str, tuple[float, float]] = {}
    if filters.min_score is not None or filters.max_score is not None:
        low, high = filters.min_score, filters.max_score
        ranges["score_key"] = (-1e299 if low is None else low, 1e299 if high is None else high)
    if filters.min_tokens is not None or filters.max_tokens is not None:
        fewest, most = filters.min_tokens, filters.max_tokens
        ranges["num_tokens"] = (-1 if fewest is None else fewest, MOST_TOKENS if most is None else most)
    return ranges
