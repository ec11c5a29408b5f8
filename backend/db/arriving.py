"""Rows by the ten thousands, whose values are as the driver takes them: ids beforehand, COPY on PostgreSQL."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import DeclarativeBase, Session

Rows = Sequence[tuple[Any, ...]]
NOTHING: Mapping[str, Any] = MappingProxyType({})
GATHERED = 16 << 20
"""Bytes that a text index of SQLite gathers before it writes them, where many rows come at once."""
AS_MADE = {"hashsize": 1 << 20, "automerge": 4}
"""FTS5's own: bytes that are gathered, and parts of a size before each write merges them a little."""
PAGES_MERGED, CHARACTERS_A_PAGE = 16_384, 2_000
"""What came is merged at the end: a page of 4 kB for so many characters, which in English fill a quarter of one, and at
most so many. With 16 parts of a size the next write would merge them all, however small it is."""


class Arrival:
    """What arrives in one transaction. On SQLite nobody else writes meanwhile: ids go on from the highest there is."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.is_sqlite = db.get_bind().dialect.name == "sqlite"
        self._highest: dict[str, int] = {}
        self._searched: Counter[str] = Counter()
        """The characters of what was put into tables that a text index reads."""

    def ids(self, entity: type[Any], number: int) -> Sequence[int]:
        """So many ids for new rows, which no other row gets."""
        name = str(entity.__tablename__)
        if not self.is_sqlite:
            sequence = text(
                "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number) ORDER BY 1"
            )
            return self.db.scalars(sequence, {"name": name, "number": number}).all()
        if name not in self._highest:
            self._highest[name] = highest(self.db, entity)
        first = self._highest[name] + 1
        self._highest[name] += number
        return range(first, first + number)

    def stored(self, entity: type[DeclarativeBase], column: str, value: Any) -> Any:
        """The value as the column's type hands it to the driver."""
        dialect = self.db.get_bind().dialect
        bind = entity.__table__.c[column].type.dialect_impl(dialect).bind_processor(dialect)
        return value if bind is None else bind(value)

    def put(
        self,
        entity: type[DeclarativeBase],
        columns: str,
        rows: Rows,
        common: Mapping[str, Any] = NOTHING,
        *,
        is_searched: bool = False,
    ) -> None:
        """Insert rows; `columns` as SQL writes them, `common`: what is the same in all rows.

        is_searched: a text index of SQLite reads the table. It writes what it has gathered at the end of every
        statement: all rows go by one.
        """
        if not rows:
            return
        connection, table = self.db.connection(), entity.__tablename__
        names, shared = ", ".join([columns, *common]), tuple(common.values())
        if not self.is_sqlite:
            _copy(connection.connection.driver_connection, f"COPY {table} ({names}) FROM STDIN", rows, shared)
            return
        marks, into = ", ".join("?" * len(rows[0])), f"INSERT INTO {table} ({names})"
        if not is_searched:
            # A literal costs nothing for each row, a parameter does.
            same = "".join(f", {_literal(value)}" for value in shared)
            connection.exec_driver_sql(f"{into} VALUES ({marks}{same})", rows)
            return
        at = columns.split(", ").index("text")
        self._searched[table] += sum([len(row[at]) for row in rows])
        connection.exec_driver_sql(f"CREATE TEMP TABLE arriving ({columns})")
        connection.exec_driver_sql(f"INSERT INTO arriving VALUES ({marks})", rows)
        same = ", ?" * len(shared)
        connection.exec_driver_sql(f"{into} SELECT arriving.*{same} FROM arriving ORDER BY rowid", shared)
        connection.exec_driver_sql("DROP TABLE arriving")

    def put_from(
        self,
        entity: type[DeclarativeBase],
        columns: str,
        selected: str,
        source: str,
        common: Mapping[str, Any] = NOTHING,
        *,
        is_searched: bool = False,
    ) -> None:
        """Insert the rows of a table of an attached file in its order. SQLite's only.

        selected: what goes into `columns`, as SQL. The rest is as in `put`.
        """
        connection, table = self.db.connection(), entity.__tablename__
        if is_searched:
            self._searched[table] += connection.exec_driver_sql(f"SELECT sum(length(text)) FROM {source}").scalar_one()
        names, same = ", ".join([columns, *common]), ", ?" * len(common)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) SELECT {selected}{same} FROM {source} ORDER BY rowid",
            tuple(common.values()),
        )

    @contextmanager
    def gathering(self, *entities: type[DeclarativeBase]) -> Iterator[None]:
        """Let the text indexes of these tables gather much before they write, and merge little: for many rows at once.

        SQLite's only. After an error whoever called rolls back, and the index is as it was before.
        """
        tables = [str(entity.__tablename__) for entity in entities] if self.is_sqlite else []
        usual = {table: self._options(table) for table in tables}
        for table in tables:
            self._set_up(table, hashsize=GATHERED, automerge=0)
        yield
        for table in tables:
            pages = min(PAGES_MERGED, self._searched[table] // CHARACTERS_A_PAGE)
            self._set_up(table, **({"merge": pages} if pages else {}), **usual[table])

    def _options(self, table: str) -> dict[str, int]:
        """How the table's text index is set up."""
        stored = self.db.connection().exec_driver_sql(f"SELECT k, v FROM {table}_search_config").tuples().all()
        return AS_MADE | {name: int(value) for name, value in stored if name in AS_MADE}

    def _set_up(self, table: str, **options: int) -> None:
        statement = f"INSERT INTO {table}_search({table}_search, rank) VALUES (?, ?)"
        self.db.connection().exec_driver_sql(statement, [*options.items()])


def highest(db: Session, entity: type[Any]) -> int:
    """The highest id in the table; 0 where it is empty."""
    return db.scalar(select(func.max(entity.id))) or 0


def _literal(value: Any) -> str:
    """A value as SQL of SQLite writes it. Raises `TypeError` for a type that has no such literal here."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"{type(value).__name__} has no literal here; put {value!r} into each row")


def _copy(psycopg: Any, statement: str, rows: Iterable[tuple[Any, ...]], shared: tuple[Any, ...]) -> None:
    with psycopg.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row + shared)
