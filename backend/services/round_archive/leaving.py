"""Taking a round's rows out of the database, in small transactions, so that no other writer waits long."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.many import among
from backend.services.round_archive import columns

GROUPS, ROWS = 20, 500
"""How many groups, with all that hangs on them, and how many plain rows go in one transaction."""
LISTED: tuple[Any, ...] = (tables.Label, tables.Informativeness, tables.Lease, tables.Assignment, tables.GoldItem)
"""What puts a sample into lists and queues."""
Held = dict[str, list[int]]


def held(db: Session, round_id: int) -> Held:
    """The rows that stay, by table: SQLite gives the number of a table's last row to a new one once it is gone.

    The round's last row of each table stays, so that all numbers below it stay the round's, with all that hangs on the
    same group, and with what that group is about. PostgreSQL never gives a number twice: nothing stays.
    """
    if db.get_bind().dialect.name != "sqlite":
        return {"groups": [], "failures": [], "examples": []}
    group, sample = tables.Group, tables.Sample
    last = {entity: _last(db, entity, round_id) for entity in (tables.LeftOut, tables.Example)}
    groups = {db.scalar(select(func.max(group.id)).where(group.round_id == round_id))}
    groups.add(_group_of(db, _last(db, sample, round_id)))
    judgment, decision = _last(db, tables.Judgment, round_id), _last(db, tables.Decision, round_id)
    groups.add(_group_of(db, db.scalar(select(tables.Judgment.sample_id).where(tables.Judgment.id == judgment))))
    groups.add(db.scalar(select(tables.Decision.group_id).where(tables.Decision.id == decision)))
    answer = _last(db, tables.Answer, round_id)
    groups.add(_group_of(db, db.scalar(select(tables.Answer.sample_id).where(tables.Answer.id == answer))))
    left, example = db.get(tables.LeftOut, last[tables.LeftOut] or 0), db.get(tables.Example, last[tables.Example] or 0)
    if left is not None:
        groups |= {left.group_id, _group_of(db, left.sample_id)}
    if example is not None:
        groups |= {_group_of(db, example.sample_id), _group_of(db, example.rejected_id)}
    waiting, kept = groups, set[int]()
    while waiting:
        some = {n for n in waiting if n is not None} - kept
        ours = db.execute(select(group.id, group.parent_id).where(among(group.id, some), group.round_id == round_id))
        found = dict(ours.tuples().all())
        kept |= found.keys()
        waiting = {_group_of(db, parent) for parent in found.values() if parent is not None}
    return {
        "groups": sorted(kept),
        "failures": [n] if (n := last[tables.LeftOut]) else [],
        "examples": [n] if (n := last[tables.Example]) else [],
    }


def remove(round_id: int, kept: Held) -> Iterator[None]:
    """Delete the round's rows but for those that stay; yields after each transaction. May be repeated."""
    example, left = tables.Example, tables.LeftOut
    yield from _rows(example, columns.of_round(example, round_id), kept["examples"])
    yield from _rows(left, left.round_id == round_id, kept["failures"])
    group, sample = tables.Group, tables.Sample
    with session() as db:
        for entity in LISTED:
            of_kept = select(sample.id).where(among(sample.group_id, kept["groups"]))
            db.execute(delete(entity).where(entity.sample_id.in_(of_kept)))
    yield
    query = select(group.id).where(group.round_id == round_id, ~among(group.id, kept["groups"])).limit(GROUPS)
    while True:
        with session() as db:
            ids = db.scalars(query).all()
            if not ids:
                return
            for entity in (tables.Decision, tables.Sample):
                db.execute(delete(entity).where(among(entity.group_id, ids)))
            db.execute(delete(group).where(among(group.id, ids)))
        yield


def _rows(entity: Any, condition: ColumnElement[bool], kept: Sequence[int]) -> Iterator[None]:
    while True:
        with session() as db:
            ids = db.scalars(select(entity.id).where(condition, ~among(entity.id, kept)).limit(ROWS)).all()
            if not ids:
                return
            db.execute(delete(entity).where(among(entity.id, ids)))
        yield


def _last(db: Session, entity: Any, round_id: int) -> int | None:
    return db.scalar(select(func.max(entity.id)).where(columns.of_round(entity, round_id)))


def _group_of(db: Session, sample_id: int | None) -> int | None:
    return db.scalar(select(tables.Sample.group_id).where(tables.Sample.id == sample_id))
