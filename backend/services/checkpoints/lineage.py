"""The checkpoints of a project as a tree, with their numbers on held-out prompts."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines._wrapper import in_words, innermost
from backend.services.checkpoints.wrappers import has_weights


@dataclass(frozen=True)
class MetricNumber:
    """A measured value with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class CheckpointRow:
    """One checkpoint in its lineage; `depth` 0 has no parent. `metrics` by name."""

    id: int
    name: str
    kind: str
    role: str
    location: str
    engine: str
    depth: int
    parent_id: int | None
    round_id: int | None
    round_number: int | None
    created_at: datetime
    metrics: dict[str, MetricNumber] = field(default_factory=dict)
    has_weights: bool = False
    """Whether it can be trained."""
    is_endpoint: bool = False
    is_merged: bool = False
    """A worker merged the adapter above it into the model below that."""


def tree_of(db: Session, project_id: int) -> list[CheckpointRow]:
    """The checkpoints depth first, children after their parent, with every held-out metric."""
    checkpoint, round_, metric, role = tables.Checkpoint, tables.Round, tables.Metric, tables.RoundRole
    # What a round is for, or what it made on the way.
    on_the_way = select(role.round_id).where(role.checkpoint_id == checkpoint.id, role.step >= 0).scalar_subquery()
    query = (
        select(checkpoint, round_.id, round_.number)
        .outerjoin(round_, or_(round_.checkpoint_id == checkpoint.id, round_.id == on_the_way))
        .where(checkpoint.project_id == project_id)
        .order_by(checkpoint.id)
    )
    numbers: dict[int, dict[str, MetricNumber]] = defaultdict(dict)
    measured = select(metric).where(metric.project_id == project_id, metric.checkpoint_id.is_not(None))
    for m in db.scalars(measured.order_by(metric.id)):
        numbers[m.checkpoint_id or 0][m.name] = MetricNumber(m.value, m.low, m.high, m.n)
    joined = db.execute(query).all()
    known = {c.id for c, _, _ in joined}
    children: dict[int | None, list[Any]] = defaultdict(list)
    for c, round_id, number in joined:
        children[c.parent_id if c.parent_id in known else None].append((c, round_id, number))
    rows: list[CheckpointRow] = []
    stack = [(entry, 0) for entry in reversed(children[None])]
    while stack:
        (c, round_id, number), depth = stack.pop()
        rows.append(_row(c, depth, round_id, number, numbers.get(c.id, {})))
        stack += [(entry, depth + 1) for entry in reversed(children[c.id])]
    return rows


def _row(
    c: tables.Checkpoint, depth: int, round_id: int | None, number: int | None, metrics: dict[str, MetricNumber]
) -> CheckpointRow:
    return CheckpointRow(
        c.id,
        c.name,
        c.kind,
        c.role,
        c.location,
        in_words(c.engine),
        depth,
        c.parent_id,
        round_id,
        number,
        c.created_at,
        metrics,
        has_weights(c.engine),
        innermost(c.engine).get("name") == "openai",
        "merge" in c.details,
    )


def ancestors(row: CheckpointRow, rows: dict[int, CheckpointRow]) -> list[CheckpointRow]:
    """Parents, nearest first."""
    above: list[CheckpointRow] = []
    while row.parent_id in rows:
        row = rows[row.parent_id]
        above.append(row)
    return above
