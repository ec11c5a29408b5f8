"""Label rows to look at: all of a round's, or so many of them drawn evenly that looking does not take long."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.listing import Scope

MOST = 4_000
"""So many rows are looked at; of more, an even draw of about as many."""
BLOCKS = 100
"""The draw takes runs of neighbouring rows at so many places, the same ones each time."""
COLUMNS = "l.sample_id, l.step, l.score, l.verdict, l.machine_score, l.machine_verdict, l.num_tokens, s.prompt_id"


class DrawnLabel(NamedTuple):
    """A label with the prompt of its sample."""

    sample_id: int
    step: int
    score: float | None
    verdict: str | None
    machine_score: float | None
    machine_verdict: str | None
    num_tokens: int
    prompt_id: int


@dataclass(frozen=True)
class Draw:
    """`total`: how many rows there are, about as many where not all are drawn."""

    rows: tuple[DrawnLabel, ...]
    total: int
    is_all: bool


def draw(db: Session, asked: Scope, number: int | None) -> Draw:
    """The rows of a scope's round, of all its facets. `number`: how many the round says that it has."""
    values = {"round": asked.round_id}
    inside = f"FROM {asked.labels('sample_id')} WHERE round_id = :round"
    total = db.execute(text(f"SELECT count(*) FROM (SELECT 1 {inside} LIMIT {MOST + 1}) AS c"), values).scalar_one()
    if total <= MOST:
        # A merge of the index's ranges: the planner might else walk all samples of the installation.
        ids = f"SELECT sample_id {inside}"
        sql = f"SELECT {COLUMNS} FROM ({ids}) AS i JOIN labels AS l ON l.sample_id = i.sample_id {JOIN}"
        return Draw(tuple(DrawnLabel._make(values_row) for values_row in db.execute(text(sql), values)), total, True)
    low, high = _ends(db, asked)
    span, width = high - low + 1, MOST // BLOCKS
    # By the primary key from each place on: rows of other rounds in between make the draw smaller, and never slower.
    run = f"sample_id >= places.start AND sample_id < places.start + {width} AND round_id = :round"
    if asked.is_sqlite:
        kept, where = "labels AS l NOT INDEXED", f" WHERE l.{run.replace(' AND ', ' AND l.')}"
    else:
        # PostgreSQL takes a ninth of all labels to be in each run, and reads all samples, unless a limit tells.
        kept, where = f"LATERAL (SELECT * FROM labels WHERE {run} ORDER BY sample_id LIMIT {width}) AS l", ""
    starts = ", ".join(f"(CAST({low + n * span // BLOCKS} AS BIGINT))" for n in range(BLOCKS))
    sql = f"WITH places(start) AS (VALUES {starts}) SELECT {COLUMNS} FROM places CROSS JOIN {kept} {JOIN}{where}"
    rows = tuple(DrawnLabel._make(values_row) for values_row in db.execute(text(sql), values))
    if len(rows) < MOST // 2:
        # Samples of other rounds stand in between: every so many of the round's own, which takes longer.
        stride = max(1, (number or 0) // MOST)
        ids = f"SELECT sample_id, row_number() OVER (ORDER BY sample_id) AS place {inside}"
        sql = (
            f"SELECT {COLUMNS} FROM ({ids}) AS i JOIN labels AS l ON l.sample_id = i.sample_id {JOIN}"
            f" WHERE i.place % {stride} = 0 ORDER BY l.sample_id LIMIT {2 * MOST}"
        )
        rows = tuple(DrawnLabel._make(values_row) for values_row in db.execute(text(sql), values))
    return Draw(rows, max(number or 0, MOST + 1), False)


JOIN = "JOIN samples AS s ON s.id = l.sample_id"


def _ends(db: Session, asked: Scope) -> tuple[int, int]:
    """The lowest and the highest sample of the round, from the ends of each facet's range."""
    label, ends = tables.Label, []
    for facet in asked.facets:
        of_facet = (label.round_id == asked.round_id, label.facet == facet)
        # One statement each: SQLite goes to an end of a range for one of them, and walks all of it for both.
        low, high = (select(end(label.sample_id)).where(*of_facet).scalar_subquery() for end in (func.min, func.max))
        ends.append(db.execute(select(low, high)).one())
    return min(low for low, _ in ends), max(high for _, high in ends)
