"""Rows of a branch beside those of its origin: reading and inserting them, and which row is the copy of which."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, insert, select
from sqlalchemy.orm import Session, aliased

from backend.db import tables
from backend.db.many import in_chunks
from backend.pipeline.stage import StageContext


def origin_of(stage: StageContext) -> int:
    """The round that it branches off."""
    assert stage.round.branch_of_id is not None
    return stage.round.branch_of_id


def first_step(stage: StageContext) -> int:
    """The first step that runs anew."""
    assert stage.round.branch_step is not None
    return stage.round.branch_step


def group_copies(db: Session, stage: StageContext, old_ids: Iterable[int]) -> dict[int, int]:
    """The copies of these questions, by their originals."""
    old, new, copies = aliased(tables.Group), aliased(tables.Group), dict[int, int]()
    same = and_(
        new.round_id == stage.round.id, new.split == old.split, new.step == old.step, new.position == old.position
    )
    for some in in_chunks(sorted(set(old_ids))):
        query = select(old.id, new.id).join(new, same).where(old.id.in_(some))
        copies |= dict(db.execute(query).tuples().all())
    return copies


def sample_copies(db: Session, stage: StageContext, old_ids: Iterable[int | None]) -> dict[int, int]:
    """The copies of these texts, by their originals; texts of other rounds have none."""
    old, new, group, copy = (
        aliased(tables.Sample),
        aliased(tables.Sample),
        aliased(tables.Group),
        aliased(tables.Group),
    )
    same_group = and_(
        copy.round_id == stage.round.id,
        copy.split == group.split,
        copy.step == group.step,
        copy.position == group.position,
    )
    same = and_(
        new.group_id == copy.id,
        new.step == old.step,
        new.kind == old.kind,
        new.position == old.position,
        new.checkpoint_id.is_not_distinct_from(old.checkpoint_id),
    )
    copies: dict[int, int] = {}
    for some in in_chunks(sorted({old_id for old_id in old_ids if old_id is not None})):
        query = select(old.id, new.id).join(group, group.id == old.group_id).join(copy, same_group).join(new, same)
        mine = (old.id.in_(some), old.round_id == origin_of(stage))
        copies |= dict(db.execute(query.where(*mine)).tuples().all())
    return copies


def columns(table: Any) -> list[Any]:
    """The columns of a table, those that the database computes aside."""
    return [getattr(table, column.key) for column in table.__table__.columns if column.computed is None]


def rows_of(db: Session, table: Any, where: Any, *, order: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows as values by column, those that the database computes aside."""
    return [dict(row) for row in db.execute(select(*columns(table)).where(where).order_by(*order)).mappings()]


def insert_rows(db: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; they get ids of their own."""
    if rows:
        db.execute(insert(table), [{name: value for name, value in row.items() if name != "id"} for row in rows])
