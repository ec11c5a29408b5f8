"""Putting a round's rows back from its archive, each with the number that it had."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.db.bulk import insert_rows
from backend.db.many import among, in_chunks
from backend.errors import Conflict, InvalidInput
from backend.services.round_archive import columns, files
from backend.services.round_archive.files import Manifest

Row = dict[str, Any]
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
LAST = ("groups", "parent_id")
"""Groups refer to samples, and these to groups: this is written when both are back."""


def check(place: Path, manifest: Manifest) -> None:
    """Refuse what could not be put back: raises `Conflict` where a number is taken or what a row refers to is gone."""
    with reading() as db:
        for entity in columns.REMOVED:
            _check_columns(manifest, entity)
            needed: dict[Any, set[int]] = {}
            for rows in files.read(place, entity.__table__.name, columns.stored(entity.__table__)):
                _missing(db, entity, rows)
                for name, other in _elsewhere(entity).items():
                    needed.setdefault(other, set()).update(n for row in rows if (n := row[name]) is not None)
            for other, ids in needed.items():
                _check_there(db, other, ids)


def put_back(place: Path) -> Iterator[None]:
    """Insert what is not there yet; yields after each transaction. May be repeated.

    Raises `Conflict` where a number was taken meanwhile.
    """
    for entity in columns.REMOVED:
        kept = columns.stored(entity.__table__)
        for rows in files.read(place, entity.__table__.name, kept):
            try:
                with session() as db:
                    _insert(db, entity, _missing(db, entity, rows))
            except IntegrityError as error:
                raise Conflict(
                    f"A row of the archive cannot be put back into {entity.__table__.name}: something else has its "
                    "place. Say so to whoever keeps the database; the archive is whole."
                ) from error
            yield
    group, prompt = tables.Group, tables.Prompt
    table: Any = group.__table__
    parents = (table.c.id, table.c.parent_id)
    for rows in files.read(place, LAST[0], parents):
        with session() as db:
            for row in (row for row in rows if row["parent_id"] is not None):
                db.execute(update(group).where(group.id == row["id"]).values(parent_id=row["parent_id"]))
        yield
    for rows in files.read(place, columns.LINKS, columns.link_columns()):
        with session() as db:
            for row in rows:
                is_free = (prompt.id == row["id"]) & prompt.sample_id.is_(None)
                db.execute(update(prompt).where(is_free).values(sample_id=row["sample_id"]))
        yield


def _missing(db: Session, entity: Any, rows: list[Row]) -> list[Row]:
    """Those that are not there; raises `Conflict` where another row has the number of one."""
    table = entity.__table__
    keys, kept = [column.name for column in table.primary_key.columns], columns.stored(table)
    there: dict[Any, Row] = {}
    for some in in_chunks(rows, 100):
        for found in db.connection().execute(select(*kept).where(columns.among_keys(table, list(some)))):
            row = {column.name: columns.to_file(column)(value) for column, value in zip(kept, found, strict=True)}
            there[tuple(row[key] for key in keys)] = row
    missing = []
    for row in rows:
        other = there.get(tuple(row[key] for key in keys))
        if other is None:
            missing.append(row)
        elif any(other[name] != value for name, value in row.items() if (table.name, name) != LAST):
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
    values: dict[str, list[Any]] = {}
    for column in given:
        make, name = columns.from_file(column), column.name
        is_last = (table.name, name) == LAST
        values[name] = [None] * len(rows) if is_last else [make(row[name]) for row in rows]
    insert_rows(db, entity, {}, values)


def _elsewhere(entity: Any) -> dict[str, Any]:
    """The columns that refer to rows which stay, with their tables."""
    return {
        key.parent.name: ELSEWHERE[key.column.table.name]
        for key in entity.__table__.foreign_keys
        if key.column.table.name in ELSEWHERE
    }


def _check_there(db: Session, entity: Any, ids: set[int]) -> None:
    for some in in_chunks(sorted(ids)):
        gone = {*some} - {*db.scalars(select(entity.id).where(among(entity.id, some)))}
        if gone:
            named = f"{min(gone)} of {entity.__table__.name}"
            raise Conflict(f"The round cannot be put back: its rows refer to number {named}, which was deleted.")


def _check_columns(manifest: Manifest, entity: Any) -> None:
    """Refuse a file of a schema that cannot be read as this one's."""
    table = entity.__table__
    written, kept = {*manifest.files[table.name].columns}, columns.stored(table)
    new = [c.name for c in kept if c.name not in written and not c.nullable and c.server_default is None]
    old = sorted(written - {column.name for column in kept})
    if new or old:
        raise InvalidInput(
            f"The archive's rows of {table.name} are of another version of Rondo ({', '.join([*old, *new])}). Restore "
            "the round with the version that archived it, then update."
        )
