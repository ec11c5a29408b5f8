"""Rows of a file beside those in the database: which are there, and whether they say the same."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, UniqueConstraint, and_, exists, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.services.round_archive import columns

Row = dict[str, Any]
Key = tuple[Any, ...]
LAST = ("groups", "parent_id")
"""Groups refer to samples, and these to groups: this leaves first and comes back last."""
PAIRS = 100
"""So many keys of two columns stand in one statement: SQLite bounds how deep a condition is."""


def key_of(entity: Any, row: Row) -> Key:
    """The primary key of a row."""
    return tuple(row[column.name] for column in entity.__table__.primary_key.columns)


def there(db: Session, entity: Any, rows: Sequence[Row], *, lock: bool = False) -> dict[Key, Row]:
    """The database's rows with the keys of these, as they would stand in a file, by key; locked where asked."""
    table = entity.__table__
    kept = columns.stored(table)
    makes = [columns.to_file(column) for column in kept]
    existing: dict[Key, Row] = {}
    for some in in_chunks(rows, PAIRS):
        query = select(*kept).where(columns.among_keys(table, list(some)))
        for values in db.connection().execute(query.with_for_update() if lock else query):
            row = {column.name: make(value) for column, make, value in zip(kept, makes, values, strict=True)}
            existing[key_of(entity, row)] = row
    return existing


def differs(entity: Any, row: Row, other: Row) -> bool:
    """Whether the database's row says something else than the file's.

    A reference that the database empties when its target is deleted may be empty meanwhile.
    """
    table = entity.__table__
    for name, value in row.items():
        has = other.get(name)
        if (table.name, name) == LAST or has == value or (has != has and value != value):  # NaN is not itself
            continue
        if not (has is None and is_emptied(table.columns[name])):
            return True
    return other.keys() - row.keys() != set()


def is_same(entity: Any, row: Row, other: Row) -> bool:
    """Whether both are one row, perhaps changed meanwhile: by key, time, and what it has to refer to."""
    fixed = [column for column in columns.stored(entity.__table__) if column.foreign_keys and not column.nullable]
    names = {"created_at", *(column.name for column in fixed)} & row.keys()
    return all(row[name] == other[name] for name in names)


def is_emptied(column: Column[Any]) -> bool:
    """Whether the database empties a reference when its target is deleted."""
    return any(key.ondelete == "SET NULL" for key in column.foreign_keys)


def refuse_referred(db: Session, entity: Any, keys: Sequence[Key]) -> None:
    """Raise `Conflict` where any row of any table, but these, refers to these: it would go with them, in no file."""
    table = entity.__table__
    if len(table.primary_key.columns) != 1:
        return
    ids = [key[0] for key in keys]
    for other in tables.Base.metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column.table is not table:
                continue
            refers: ColumnElement[bool] = key.parent.in_(ids)
            if other is table:
                refers = refers & table.primary_key.columns[0].not_in(ids)
            if db.scalar(select(exists().where(refers))):
                raise Conflict(
                    f"Something in {other.name} came to refer to the round's {table.name} while it was archived, so no "
                    "more of its rows are deleted. Restore the round; none is lost. Then archive it anew."
                )


def refuse_taken(db: Session, entity: Any, rows: Sequence[Row]) -> None:
    """Raise `Conflict` where another row has what only one row of a table may have, as an id that a client gave."""
    table = entity.__table__
    primary = list(table.primary_key.columns)
    for unique in _uniques(entity):
        names = [column.name for column in unique]
        if not {*names} <= rows[0].keys():
            continue
        full = {tuple(row[name] for name in names): key_of(entity, row) for row in rows}
        wanted = [values for values in full if None not in values]
        for some in in_chunks(wanted, PAIRS):
            is_one: ColumnElement[bool]
            if len(unique) == 1:
                is_one = unique[0].in_([values[0] for values in some])
            else:
                is_one = or_(*(and_(*(c == v for c, v in zip(unique, values, strict=True))) for values in some))
            for existing in db.connection().execute(select(*unique, *primary).where(is_one)):
                values, key = tuple(existing[: len(unique)]), tuple(existing[len(unique) :])
                if full.get(values, key) != key:
                    raise Conflict(
                        f"The round cannot be put back: in {table.name}, {' and '.join(names)} "
                        f"{', '.join(map(str, values))} is another row's by now. Delete that, or leave the round "
                        "archived."
                    )


def _uniques(entity: Any) -> Iterator[list[Column[Any]]]:
    for constraint in entity.__table__.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield list(constraint.columns)
