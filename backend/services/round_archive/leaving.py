"""Taking a round's rows out of the database, in small transactions, so that no other writer waits long.

A row is deleted only where a file holds the same, and only while nothing else refers to it.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.many import among, in_chunks
from backend.errors import Conflict
from backend.services.round_archive import columns, comparing, files
from backend.services.round_archive.comparing import Row

PAGE = 500
"""So many rows go in one transaction."""
LISTED: tuple[Any, ...] = (
    tables.Label,
    tables.Informativeness,
    tables.Lease,
    tables.Assignment,
    tables.GoldItem,
    tables.ExternalId,
)
"""What puts a sample into lists and queues: their keys are the sample's, so none of them stays."""
MADE_AGAIN: tuple[Any, ...] = (tables.NearDuplicate, tables.ClusteredSample)
"""What is worked out of the samples anew where it is wanted: it is in no file."""
Held = dict[str, list[int]]
Guard = Callable[[Session], None]
"""Raises where whoever deletes has to stop."""


def held(db: Session, round_id: int) -> Held:
    """The rows that stay, by table: SQLite gives the number of a table's last row to a new one once it is gone.

    The round's last row of each table stays, so that all numbers below it stay the round's, with all that hangs on the
    same group, and with what that group is about. PostgreSQL never gives a number twice: nothing stays.
    """
    if db.get_bind().dialect.name != "sqlite":
        return {"groups": [], "failures": [], "examples": []}
    group = tables.Group
    groups: set[int | None] = set()
    ends: dict[str, list[int]] = {}
    for entity in columns.REMOVED:
        names = {column.name for column in entity.__table__.columns}
        last = _last(db, entity, round_id) if "id" in names else None
        row = db.get(entity, last) if last is not None else None
        if row is None:
            continue
        if entity is group:
            groups.add(row.id)
        if "group_id" in names:
            groups.add(row.group_id)
        for name in ("sample_id", "rejected_id"):
            if name in names:
                groups.add(_group_of(db, getattr(row, name)))
        if entity in (tables.LeftOut, tables.Example):
            ends[entity.__table__.name] = [row.id]
    waiting, kept = groups, set[int]()
    while waiting:
        some = {group_id for group_id in waiting if group_id is not None} - kept
        ours = db.execute(select(group.id, group.parent_id).where(among(group.id, some), group.round_id == round_id))
        parents = dict(ours.tuples().all())
        kept |= parents.keys()
        waiting = {_group_of(db, parent) for parent in parents.values() if parent is not None}
    return {"groups": sorted(kept), "failures": ends.get("failures", []), "examples": ends.get("examples", [])}


def remove(place: Path, kept: Held, guard: Guard) -> Iterator[None]:
    """Delete what the archive holds, but for what stays; yields after each transaction. May be repeated.

    guard: called in each transaction before anything is deleted. Raises `Conflict` where a row is not as its file has
    it, or something else refers to it.
    """
    sample, group, prompt = tables.Sample, tables.Group, tables.Prompt
    with session() as db:
        guard(db)
        samples = {*db.scalars(select(sample.id).where(among(sample.group_id, kept["groups"])))}
        for derived in MADE_AGAIN:
            db.execute(delete(derived).where(among(derived.sample_id, samples)))
    for rows in files.read(place, columns.LINKS, columns.link_columns()):
        with session() as db:
            guard(db)
            for row in rows:
                if row["sample_id"] not in samples:
                    is_it = (prompt.id == row["id"]) & (prompt.sample_id == row["sample_id"])
                    db.execute(update(prompt).where(is_it).values(sample_id=None))
        yield
    groups = {*kept["groups"]}
    for rows in files.read(place, group.__tablename__, columns.stored(group.__table__)):  # type: ignore[arg-type]
        parted = [row["id"] for row in rows if row["parent_id"] is not None and row["id"] not in groups]
        if parted:
            with session() as db:
                guard(db)
                db.execute(update(group).where(among(group.id, parted)).values(parent_id=None))
            yield
    held_by_files = files.manifest_of(place).files
    for entity in reversed(columns.REMOVED):
        if entity.__table__.name not in held_by_files:  # the archive is older than the table
            continue
        stays = _stays(entity, kept, samples)
        for rows in files.read_backwards(place, entity.__table__.name, columns.stored(entity.__table__)):
            for some in in_chunks([row for row in rows[::-1] if not stays(row)], PAGE):
                with session() as db:
                    guard(db)
                    _delete(db, entity, some)
                yield


def refuse_other(db: Session, round_id: int, rows: dict[str, int]) -> None:
    """Raise `Conflict` unless the round has as many rows of each kind as were written."""
    for file in (*columns.removed(round_id), columns.links(round_id)):
        number = db.scalar(select(func.count()).select_from(file.query.order_by(None).subquery()))
        if number != rows[file.name]:
            raise Conflict(
                f"While the round was archived its {file.name} became {number:,} instead of {rows[file.name]:,}, so "
                "nothing was deleted. Archive it anew."
            )


def _stays(entity: Any, kept: Held, samples: set[int]) -> Callable[[Row], bool]:
    groups = {*kept["groups"]}
    if entity in LISTED:
        return lambda row: False
    if entity in (tables.LeftOut, tables.Example):
        return lambda row: row["id"] in kept[entity.__table__.name]
    if entity is tables.Group:
        return lambda row: row["id"] in groups
    if entity in (tables.Sample, tables.Decision):
        return lambda row: row["group_id"] in groups
    return lambda row: row["sample_id"] in samples


def _delete(db: Session, entity: Any, rows: Sequence[Row]) -> None:
    """Those of the rows that are there, each the same as in its file."""
    there = comparing.there(db, entity, rows, lock=True)
    table = entity.__table__
    for row in rows:
        other = there.get(comparing.key_of(entity, row))
        if other is not None and comparing.differs(entity, row, other):
            raise Conflict(
                f"A row of {table.name} was changed while the round was archived, so no more of its rows are deleted. "
                "Restore the round; none is lost. Then archive it anew."
            )
    if not there:
        return
    if entity is tables.Sample:
        for derived in MADE_AGAIN:
            db.execute(delete(derived).where(derived.sample_id.in_([key[0] for key in there])))
    comparing.refuse_referred(db, entity, [*there])
    size = PAGE if len(table.primary_key.columns) == 1 else comparing.PAIRS
    for some in in_chunks([*there.values()], size):
        db.execute(delete(entity).where(columns.among_keys(table, some)).execution_options(synchronize_session=False))


def _last(db: Session, entity: Any, round_id: int) -> int | None:
    return db.scalar(select(func.max(entity.id)).where(columns.of_round(entity, round_id)))


def _group_of(db: Session, sample_id: int | None) -> int | None:
    return db.scalar(select(tables.Sample.group_id).where(tables.Sample.id == sample_id))
