"""Rows by the ten thousands, whose values are as the driver takes them: ids beforehand, COPY on PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import DeclarativeBase, Session

Rows = Sequence[tuple[Any, ...]]


class Arrival:
    """What arrives in one transaction. On SQLite nobody else writes meanwhile: ids go on from the highest there is."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.is_sqlite = db.get_bind().dialect.name == "sqlite"
        self._highest: dict[str, int] = {}

    def ids(self, entity: type[Any], number: int) -> Sequence[int]:
        """So many ids for new rows, which no other row gets."""
        name = str(entity.__tablename__)
        if not self.is_sqlite:
            sequence = text(
                "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number) ORDER BY 1"
            )
            return self.db.scalars(sequence, {"name": name, "number": number}).all()
        if name not in self._highest:
            self._highest[name] = self.db.scalar(select(func.max(entity.id))) or 0
        first = self._highest[name] + 1
        self._highest[name] += number
        return range(first, first + number)

    def stored(self, entity: type[DeclarativeBase], column: str, value: Any) -> Any:
        """The value as the column's type hands it to the driver."""
        dialect = self.db.get_bind().dialect
        bind = entity.__table__.c[column].type.dialect_impl(dialect).bind_processor(dialect)
        return value if bind is None else bind(value)

    def put(self, entity: type[DeclarativeBase], columns: str, rows: Rows, *, is_searched: bool = False) -> None:
        """Insert rows; `columns` as SQL writes them. is_searched: a text index of SQLite reads the table.

        Such an index writes what it has gathered at the end of every statement: all rows go by one.
        """
        if not rows:
            return
        connection, table = self.db.connection(), entity.__tablename__
        if not self.is_sqlite:
            _copy(connection.connection.driver_connection, f"COPY {table} ({columns}) FROM STDIN", rows)
            return
        marks = ", ".join("?" * len(rows[0]))
        into = f"INSERT INTO {table} ({columns})"
        if not is_searched:
            connection.exec_driver_sql(f"{into} VALUES ({marks})", rows)
            return
        connection.exec_driver_sql(f"CREATE TEMP TABLE arriving ({columns})")
        connection.exec_driver_sql(f"INSERT INTO arriving VALUES ({marks})", rows)
        connection.exec_driver_sql(f"{into} SELECT * FROM arriving ORDER BY rowid")
        connection.exec_driver_sql("DROP TABLE arriving")


def _copy(psycopg: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with psycopg.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
