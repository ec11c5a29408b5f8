"""Many rows of one table, where a model waits until they are written: no object and no dictionary for a row.

Values come by column and go to the driver as they are, after what their column's type does to them. A column's
default in Python is not applied: say every column that has one.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.orm import DeclarativeBase, Session

from backend.db.many import in_chunks

ROWS_PER_STATEMENT = 100
"""Some 2,000 variables, well under the limits of SQLite and PostgreSQL."""

Columns = Mapping[str, Sequence[Any]]


def insert_rows(db: Session, entity: type[DeclarativeBase], common: Mapping[str, Any], columns: Columns) -> None:
    """Insert rows that share the values of `common`; the nth row has the nth value of each of `columns`.

    Many rows a statement. On SQLite FTS5 writes its index at the end of each statement whose trigger added to it,
    and for one row that takes three times as long as the row itself.
    """
    connection, table = db.connection(), _table(entity)
    names, rows = [*common, *columns], _rows(connection, table, common, columns)
    quoted = ", ".join(_quoted(connection, name) for name in names)
    into = f"INSERT INTO {_quoted(connection, table.name)} ({quoted}) VALUES "
    marks = f"({', '.join([_mark(connection)] * len(names))})"
    for some in in_chunks(rows, ROWS_PER_STATEMENT):
        connection.exec_driver_sql(into + ", ".join([marks] * len(some)), tuple(chain.from_iterable(some)))


def update_rows(
    db: Session, entity: type[DeclarativeBase], key: str, common: Mapping[str, Any], columns: Columns
) -> None:
    """Update the rows whose `key` is the nth of `columns[key]` with `common` and the nth value of the others."""
    connection, table = db.connection(), _table(entity)
    others = {name: values for name, values in columns.items() if name != key}
    rows = _rows(connection, table, common, others | {key: columns[key]})
    if not rows:
        return
    mark = _mark(connection)
    setting = ", ".join(f"{_quoted(connection, name)} = {mark}" for name in (*common, *others))
    where = f"{_quoted(connection, key)} = {mark}"
    connection.exec_driver_sql(f"UPDATE {_quoted(connection, table.name)} SET {setting} WHERE {where}", rows)


def _table(entity: type[DeclarativeBase]) -> Table:
    table = entity.__table__
    assert isinstance(table, Table)
    return table


def _rows(connection: Connection, table: Table, common: Mapping[str, Any], columns: Columns) -> list[tuple[Any, ...]]:
    """The rows' values as the driver takes them, those of `common` first."""
    first = tuple(_bound(connection, table, name, (value,))[0] for name, value in common.items())
    several = [_bound(connection, table, name, values) for name, values in columns.items()]
    return [first + row for row in zip(*several, strict=True)]


def _bound(connection: Connection, table: Table, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values as the column's type hands them to the driver."""
    bind: Callable[[Any], Any] | None = (
        table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    )
    return values if bind is None else [*map(bind, values)]


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
