"""Engines and sessions.

SQLite gets two engines on one file: a writer that begins IMMEDIATE and a reader that begins deferred. With the
driver's defaults a read-then-update transaction loses updates without an error, and an upgrade from read to
write fails at once however long busy_timeout is; beginning IMMEDIATE does neither.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, Row, create_engine, event
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import alive, place, refused, turns
from backend.db.built import forget_compiled, run_on
from backend.db.folding import indexed
from backend.db.refused import to_json

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA busy_timeout=15000",
    # While an export reads, the log cannot be begun anew; what it grew to is given back after.
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA mmap_size=268435456",
    "PRAGMA temp_store=MEMORY",
)

ALONE = "rondo_alone"
"""The option of an engine whose statements each stand alone: on SQLite no transaction is begun for them."""


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def make_engine(url: str, *, write: bool) -> Engine:
    """An engine for `url`, set up as the module says."""
    if not url.startswith("sqlite"):
        # Last in, first out: the few that are used have their statements prepared.
        engine = create_engine(
            url, pool_size=10, max_overflow=10, pool_use_lifo=True, hide_parameters=True, json_serializer=to_json
        )
        refused.guard(engine)
        alive.watch(engine)
        event.listen(engine, "connect", _compile_nothing)
        if write:
            return engine
        event.listen(engine, "connect", _refuse_writes)
        return engine.execution_options(postgresql_readonly=True)
    lax: dict[str, Any] = {"check_same_thread": False, "timeout": 15, "factory": turns.Writing}
    turn = turns.WriteTurn()
    # Parameters hold people's texts, and an error that quotes five hundred of them says nothing.
    engine = create_engine(
        url,
        connect_args=lax,
        pool_size=8,
        max_overflow=24,
        pool_use_lifo=True,
        hide_parameters=True,
        json_serializer=to_json,
    )
    refused.guard(engine)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # SQLite's own knows only ASCII; PostgreSQL's and Python's agree on the rest. No index stands on it.
        connection.create_function("lower", 1, _lower, deterministic=True)
        connection.create_function("rondo_fold", 1, indexed, deterministic=True)
        connection.create_function("rondo_float", 1, _float_in_json, deterministic=True)
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        if not write:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    place.watch(engine, url)  # after the above, which makes SQLite open its log

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if write:
            turns.begin(connection, turn)
        elif not connection.get_execution_options().get(ALONE):
            connection.exec_driver_sql("BEGIN")

    return engine


def _compile_nothing(connection: Any, _record: Any) -> None:
    """Let PostgreSQL run plans as they are: to compile one that looks expensive takes longer than to run it here."""
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.autocommit = False


def _refuse_writes(connection: Any, _record: Any) -> None:
    """Let PostgreSQL refuse writes outside of a transaction, too: the driver says READ ONLY with BEGIN and not else."""
    connection.autocommit = True
    connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    connection.autocommit = False


@lru_cache(4096)  # scores of a few votes are few numbers
def _float_in_json(value: float) -> str:
    """The shortest digits that are this number, as `json` writes them; what is no number is null."""
    return repr(value) if isfinite(value) else "null"


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


_engines: dict[tuple[str, bool], Engine] = {}
_glancing: dict[tuple[str, bool], Engine] = {}
"""The reading engines of `glancing` and, where true, of `find_row`, by address."""
_lock = Lock()


def _engine(url: str, *, write: bool) -> Engine:
    """The one engine for `url`. By address, so that whoever asked for another database's just now changes nothing."""
    with _lock:
        return _made(url, write=write)


def _made(url: str, *, write: bool) -> Engine:
    """As `_engine`, for whoever has the lock."""
    if (url, write) not in _engines:
        _engines[url, write] = make_engine(url, write=write)
    return _engines[url, write]


def write_engine(url: str = "") -> Engine:
    """The engine every change goes through."""
    return _engine(url or settings().url, write=True)


def read_engine(url: str = "") -> Engine:
    """The engine of pages and queries."""
    return _engine(url or settings().url, write=False)


@contextmanager
def session() -> Iterator[Session]:
    """One transaction: committed at the end of the block, rolled back on any error. The only commit there is.

    Raises `DatabaseLost` where the database file is no longer the one that was opened.
    """
    place.require(settings().url)
    with Session(write_engine(), expire_on_commit=False) as db, db.begin():
        yield db


@contextmanager
def reading() -> Iterator[Session]:
    """A consistent view that cannot write and never waits for a writer."""
    with Session(read_engine(), expire_on_commit=False) as db:
        yield db


@contextmanager
def glancing() -> Iterator[Session]:
    """As `reading`, for what is asked with every key: on PostgreSQL there is no transaction to begin and to end.

    It cannot write, either.

    There each statement sees what was committed before it, as in `reading`. No rows are fetched a few at a time.
    """
    with Session(_at_once(settings().url), expire_on_commit=False) as db:
        yield db


def find_row(statement: Any, values: dict[str, Any]) -> Row[Any] | None:
    """The only row of one statement that was built once (built.py), or None, read with neither session nor transaction.

    For what every request asks: around so short a statement they take longer than the statement.
    """
    with _at_once(settings().url, is_alone=True).connect() as connection:
        return run_on(connection, statement, values).one_or_none()


def _at_once(url: str, *, is_alone: bool = False) -> Engine:
    """The reading engine, with no transaction on PostgreSQL, nor on SQLite for a statement that stands alone.

    Made once, since that takes longer than a statement.
    """
    with _lock:
        if (url, is_alone) not in _glancing:
            engine = _made(url, write=False)
            options = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {ALONE: is_alone}
            _glancing[url, is_alone] = engine.execution_options(**options)
        return _glancing[url, is_alone]


@contextmanager
def snapshot() -> Iterator[Session]:
    """As `reading`, and all statements see the rows as they were at the first of them: for what takes seconds.

    SQLite's transactions always do. Of PostgreSQL's, by default each statement sees what was committed before it.
    """
    engine = read_engine()
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, expire_on_commit=False) as db:
        yield db


def flush() -> None:
    """See to it that what was committed outlasts a power cut, before files are deleted that say the same.

    SQLite's log is flushed when its pages go into the database, not at each commit; PostgreSQL's at each. The log alone
    is flushed here: to write it into the database would hold up everybody until the last reader of an older state is
    done.
    """
    database = write_engine().url.database
    if not settings().url.startswith("sqlite") or database is None:
        return
    log = Path(f"{database}-wal")
    for path in (log, log.parent):
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def dispose() -> None:
    """Close all connections and forget the engines (tests, and before a fork)."""
    with _lock:
        engines = list(_engines.values())
        _engines.clear()
        _glancing.clear()
    for engine in engines:
        engine.dispose()
    forget_compiled()
    place.forget()


def problem() -> str | None:
    """Why nothing can be saved any more: the database file was deleted or replaced. None while all is well."""
    return place.problem(settings().url)


def address() -> str:
    """The database in use as logs and people may read it: neither a password nor a value of its query is shown."""
    return place.shown(settings().url)
