"""Putting a round's rows back from its archive, each with the number that it had."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.db.bulk import insert_rows
from backend.db.many import among, in_chunks
from backend.errors import Conflict
from backend.services.round_archive import columns, comparing, files, newer
from backend.services.round_archive.comparing import Row
from backend.services.round_archive.files import ArchiveManifest

ELSEWHERE = {
    "prompts": tables.Prompt,
    "checkpoints": tables.Checkpoint,
    "users": tables.User,
    "datasets": tables.Dataset,
    "jobs": tables.Job,
    "projects": tables.Project,
    "questions": tables.Question,
}
"""What the rows refer to beside each other: it has to be there still."""
OTHERS = {"examples": ("sample_id", "rejected_id"), "groups": ("parent_id",)}
"""The columns that may refer to samples of other rounds, by table."""


def check(place: Path, manifest: ArchiveManifest) -> None:
    """Refuse what could not be put back: raises `Conflict` where a number is taken or what a row refers to is gone."""
    with reading() as db:
        named: set[int] = set()
        for entity in columns.REMOVED:
            _check_columns(manifest, entity)
            needed: dict[Any, set[int]] = {}
            for rows in _rows(place, manifest, entity):
                _missing(db, entity, rows)
                comparing.refuse_taken(db, entity, rows)
                for name, other in _elsewhere(entity).items():
                    needed.setdefault(other, set()).update(n for row in rows if (n := row.get(name)) is not None)
                for name in OTHERS.get(entity.__table__.name, ()):
                    named.update(n for row in rows if (n := row.get(name)) is not None)
            for other, ids in needed.items():
                _check_there(db, other, ids)
        for rows in _rows(place, manifest, tables.Sample) if named else ():
            named -= {row["id"] for row in rows}
        _check_there(db, tables.Sample, named)


def put_back(place: Path, guard: Callable[[Session], None]) -> Iterator[None]:
    """Insert what is not there yet; yields after each transaction. May be repeated.

    guard: called in each transaction before anything is written. Raises `Conflict` where a number was taken meanwhile.
    """
    manifest = files.manifest_of(place)
    for entity in columns.REMOVED:
        for rows in _rows(place, manifest, entity):
            with _refused(entity.__table__.name), session() as db:
                guard(db)
                _insert(db, entity, _missing(db, entity, rows))
            yield
    group, prompt = tables.Group, tables.Prompt
    table: Any = group.__table__
    parents = (table.c.id, table.c.parent_id)
    for rows in files.read(place, comparing.LAST[0], parents):
        with _refused(table.name), session() as db:
            guard(db)
            for row in (row for row in rows if row["parent_id"] is not None):
                db.execute(update(group).where(group.id == row["id"]).values(parent_id=row["parent_id"]))
        yield
    for rows in files.read(place, columns.LINKS, columns.link_columns()):
        with session() as db:
            guard(db)
            for row in rows:
                is_free = (prompt.id == row["id"]) & prompt.sample_id.is_(None)
                db.execute(update(prompt).where(is_free).values(sample_id=row["sample_id"]))
        yield


def refuse_fewer(db: Session, round_id: int, rows: dict[str, int]) -> None:
    """Raise `Conflict` where the round has fewer rows of a kind than its archive: it stays archived then."""
    for file in columns.removed(round_id):
        number = db.scalar(select(func.count()).select_from(file.query.order_by(None).subquery())) or 0
        if number < rows.get(file.name, 0):
            raise Conflict(
                f"Of the round's {rows[file.name]:,} {file.name} only {number:,} are back, so it stays archived. "
                "Restore it once more; the archive is whole."
            )


def _rows(place: Path, manifest: ArchiveManifest, entity: Any) -> Iterator[list[Row]]:
    """The rows of a table's file; none where the archive is older than the table."""
    name = entity.__table__.name
    if name in manifest.files:
        yield from files.read(place, name, columns.stored(entity.__table__))


@contextmanager
def _refused(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            f"A row of the archive cannot be put back into {name}: something else has its place, or what it refers to "
            "was deleted meanwhile. Say so to whoever keeps the database; the archive is whole."
        ) from error


def _missing(db: Session, entity: Any, rows: list[Row]) -> list[Row]:
    """Those that are not there; raises `Conflict` where another row has the number of one."""
    table = entity.__table__
    there, missing = comparing.there(db, entity, rows), []
    for row in rows:
        other = there.get(comparing.key_of(entity, row))
        if other is None:
            missing.append(row)
        elif not comparing.is_same(entity, row, other):
            keys = [column.name for column in table.primary_key.columns]
            named = " and ".join(f"{key} {row[key]}" for key in keys)
            raise Conflict(
                f"The round cannot be put back: in {table.name}, {named} is another row by now. Restore a backup from "
                "before that row was written, or leave the round archived."
            )
    return missing


def _insert(db: Session, entity: Any, rows: list[Row]) -> None:
    if not rows:
        return
    table = entity.__table__
    given = [column for column in columns.stored(table) if column.name in rows[0]]
    elsewhere = _elsewhere(entity, with_emptied=True)
    values: dict[str, list[Any]] = {}
    for column in given:
        make, name = columns.from_file(column), column.name
        is_last = (table.name, name) == comparing.LAST
        values[name] = [None] * len(rows) if is_last else [make(row[name]) for row in rows]
        if comparing.is_emptied(column):
            # As the database would have done had the row been there when its target was deleted.
            gone = _gone(db, elsewhere[name], {id_ for id_ in values[name] if id_ is not None})
            values[name] = [None if id_ in gone else id_ for id_ in values[name]]
    insert_rows(db, entity, newer.values(table, rows[0].keys()), values)


def _elsewhere(entity: Any, *, with_emptied: bool = False) -> dict[str, Any]:
    """The columns that refer to rows which stay, with their tables; those that may be emptied only where asked."""
    return {
        key.parent.name: ELSEWHERE[key.column.table.name]
        for key in entity.__table__.foreign_keys
        if key.column.table.name in ELSEWHERE and (with_emptied or not comparing.is_emptied(key.parent))
    }


def _check_there(db: Session, entity: Any, ids: set[int]) -> None:
    gone = _gone(db, entity, ids)
    if gone:
        named = f"{min(gone)} of {entity.__table__.name}"
        raise Conflict(
            f"The round cannot be put back: its rows refer to number {named}, which was deleted or is archived itself."
        )


def _gone(db: Session, entity: Any, ids: set[int]) -> set[int]:
    there: set[int] = set()
    for some in in_chunks(sorted(ids)):
        there |= {*db.scalars(select(entity.id).where(among(entity.id, some)))}
    return ids - there


def _check_columns(manifest: ArchiveManifest, entity: Any) -> None:
    """Refuse a file of a schema that cannot be read as this one's."""
    table = entity.__table__
    if table.name in manifest.files:
        newer.refuse(table, manifest.files[table.name].columns)
