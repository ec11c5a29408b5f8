"""Rows in a file beside the database, numbered from 1, whose ids are known when they are inserted. SQLite's only.

Whoever makes them needs no transaction, and may be another process. To insert them takes one statement a table, and no
value passes through Python.
"""

import errno
import os
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Session

from backend.db import refused
from backend.db.arriving import Arrival, Rows
from backend.errors import InvalidInput

Entity = type[DeclarativeBase]


class Numbering:
    """In the place of an `Arrival` for whoever makes rows: the nth row of a table gets n. `db`: what it may read."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self._given: Counter[Entity] = Counter()

    def ids(self, entity: Entity, number: int) -> Sequence[int]:
        """The numbers of so many new rows."""
        first = self._given[entity] + 1
        self._given[entity] += number
        return range(first, first + number)


def write_file(path: Path, rows: Mapping[Entity, Rows], columns: Mapping[Entity, str]) -> None:
    """Write rows of these tables into a new file.

    A full disk is an `OSError`, as of any other file. Raises `InvalidInput` for a value that no database can hold.
    """
    try:
        _write(path, rows, columns)
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidInput(refused.reason(error)) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _write(path: Path, rows: Mapping[Entity, Rows], columns: Mapping[Entity, str]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # It is gone soon, and whoever is killed meanwhile begins anew.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for entity, of_table in rows.items():
            names = columns[entity]
            marks = ", ".join("?" * len(names.split(", ")))
            connection.execute(f"CREATE TABLE {entity.__tablename__} ({names})")
            connection.executemany(f"INSERT INTO {entity.__tablename__} VALUES ({marks})", of_table)
        connection.execute("COMMIT")


class NumberedRows:
    """Inserts the rows of files. `refers`: of columns that hold the number of another table's row, that table."""

    def __init__(self, columns: Mapping[Entity, str], refers: Mapping[str, Entity]) -> None:
        self.columns, self.refers = columns, refers
        self._steps: dict[Entity, list[tuple[int, int]]] = {}
        """Of each table: from which number on how much is added. Others may add rows between two transactions."""
        self._num_rows: Counter[Entity] = Counter()

    def insert(
        self, arrival: Arrival, path: Path, common: Mapping[Entity, Mapping[str, Any]], searched: Sequence[Entity]
    ) -> None:
        """Insert the rows of the next file, tables in the order of `columns`, in the transaction of `arrival`.

        common: what all rows of a table have; searched: those that a text index reads.
        """
        db = arrival.db
        db.connection().exec_driver_sql("ATTACH ? AS numbered", (str(path),))
        driver: Any = db.connection().connection.driver_connection
        for end in ("after_commit", "after_rollback"):
            # While the session has the connection still, and no transaction reads the file.
            event.listen(db, end, lambda _: _let_go(driver))
        for entity, names in self.columns.items():
            name = entity.__tablename__
            number = db.connection().exec_driver_sql(f"SELECT count(*) FROM numbered.{name}").scalar_one()
            if number and "id" in names.split(", "):
                self._step(arrival, entity, number)
            if number:
                selected = ", ".join(self._placed(entity, column) for column in names.split(", "))
                arrival.put_from(
                    entity, names, selected, f"numbered.{name}", common[entity], is_searched=entity in searched
                )

    def _step(self, arrival: Arrival, entity: Entity, number: int) -> None:
        first = self._num_rows[entity] + 1
        self._num_rows[entity] += number
        steps, added = self._steps.setdefault(entity, []), arrival.ids(entity, number)[0] - first
        if not steps or steps[-1][1] != added:
            steps.append((first, added))

    def _placed(self, entity: Entity, column: str) -> str:
        """The column as it is stored, in SQL: what it numbers by its id."""
        target = entity if column == "id" else self.refers.get(column)
        if target is None:
            return column
        steps = self._steps[target]
        if len(steps) == 1:
            return f"{column} + {steps[0][1]}"
        whens = " ".join(f"WHEN {column} >= {first} THEN {column} + {added}" for first, added in reversed(steps))
        return f"CASE {whens} END"


def _let_go(driver: Any) -> None:
    if any(name == "numbered" for _, name, _ in driver.execute("PRAGMA database_list")):
        driver.execute("DETACH numbered")
