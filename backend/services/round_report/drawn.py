"""Label rows to look at: all of a round's, or so many of them drawn evenly that looking does not take long."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.db.listing import Scope

MOST = 4_000
"""So many rows are looked at; of more, an even draw of about as many."""
BLOCKS = 100
"""The draw takes runs of neighbouring rows at so many places, the same ones each time."""
OF_LABEL = ("sample_id", "step", "score", "verdict", "machine_score", "machine_verdict", "num_tokens")
COLUMNS = ", ".join([*(f"l.{name}" for name in OF_LABEL), "s.prompt_id"])


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
        return Draw(_read(db, sql, values), total, True)
    low, high = asked.ends
    span, width = high - low + 1, MOST // BLOCKS
    # By the primary key from each place on: rows of other rounds in between make the draw smaller, and never slower.
    run = f"sample_id >= places.start AND sample_id < places.start + {width} AND round_id = :round"
    starts = ", ".join(f"(CAST({low + n * span // BLOCKS} AS BIGINT))" for n in range(BLOCKS))
    sql = f"WITH places(start) AS (VALUES {starts})"
    if asked.is_sqlite:
        where = f"l.{run.replace(' AND ', ' AND l.')}"
        sql += f" SELECT {COLUMNS} FROM places CROSS JOIN labels AS l NOT INDEXED {JOIN} WHERE {where}"
    else:
        # PostgreSQL takes a ninth of all labels to be in each run, and reads all samples, unless a limit tells. Runs of
        # samples are read as well: each looked up for itself, they take three times as long as the labels.
        labels = f"SELECT {', '.join(OF_LABEL)} FROM labels WHERE {run} ORDER BY sample_id LIMIT {width}"
        ids = run.replace("sample_id", "id")
        samples = f"SELECT id, prompt_id FROM samples WHERE {ids} ORDER BY id LIMIT {width}"
        sql += (
            f", l AS MATERIALIZED (SELECT r.* FROM places CROSS JOIN LATERAL ({labels}) AS r)"
            f", s AS MATERIALIZED (SELECT r.* FROM places CROSS JOIN LATERAL ({samples}) AS r)"
            f" SELECT {COLUMNS} FROM l JOIN s ON s.id = l.sample_id"
        )
    rows = _read(db, sql, values)
    if len(rows) < MOST // 2:
        # Samples of other rounds stand in between: every so many of the round's own, which takes longer.
        stride = max(1, (number or 0) // MOST)
        ids = f"SELECT sample_id, row_number() OVER (ORDER BY sample_id) AS place {inside}"
        sql = (
            f"SELECT {COLUMNS} FROM ({ids}) AS i JOIN labels AS l ON l.sample_id = i.sample_id {JOIN}"
            f" WHERE i.place % {stride} = 0 ORDER BY l.sample_id LIMIT {2 * MOST}"
        )
        rows = _read(db, sql, values)
    return Draw(rows, max(number or 0, MOST + 1), False)


JOIN = "JOIN samples AS s ON s.id = l.sample_id"


def _read(db: Session, sql: str, values: dict[str, Any]) -> tuple[DrawnLabel, ...]:
    """All at once, and past the session: there are thousands of rows."""
    return tuple(map(DrawnLabel._make, db.connection().execute(text(sql), values).all()))
