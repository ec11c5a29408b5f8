"""Databases on a test server that is PostgreSQL: made from a migrated one, emptied after a test, and used again.

To make and drop one takes a fifth of a second, and each new connection reads the catalogue before it answers: more than
most tests take. What a test leaves is deleted instead, and its connections stay open for the next test; a database whose
tables were changed, or where somebody else was still connected, is dropped.
"""

import contextlib
import uuid
import weakref
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg
from psycopg import sql
from sqlalchemy import Engine, event

_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1
"""
_SHAPE = """
SELECT md5(string_agg(format('%s %s %s %s', n.nspname, c.relname, a.attname, a.atttypid), ',' ORDER BY n.nspname, c.relname, a.attnum))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_OTHERS_OUT = """
SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT pid = ANY(%s)
"""
_COUNTED = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"


class Kept(psycopg.Connection[Any]):
    """A connection to a test's database, which is not closed: it waits for the next engine that connects alike."""

    users: ClassVar[dict[str, str]] = {}
    """Of each database in use who may come in: the name that its address gives the application."""
    waiting: ClassVar[dict[tuple[Any, ...], list["Kept"]]] = defaultdict(list)
    instances: ClassVar["weakref.WeakSet[Kept]"] = weakref.WeakSet()
    alike: tuple[Any, ...] = ()

    @classmethod
    def to(cls, alike: tuple[Any, ...], *arguments: Any, **named: Any) -> "Kept":
        result = cls.connect(*arguments, **named)
        result.alike = alike
        cls.instances.add(result)
        return result

    def close(self) -> None:
        if self.alike and not self.closed and self.alike[0] in self.users and self._is_as_new():
            self.waiting[self.alike].append(self)
        else:
            super().close()

    def _is_as_new(self) -> bool:
        """Let go of all that a session holds; whether that could be done."""
        try:
            self.rollback()
            self.autocommit = True
            self.execute("DISCARD ALL")
            self._prepared = type(self._prepared)()  # it does not see every time that its statements are gone
            self.autocommit, self.read_only, self.isolation_level, self.deferrable = False, None, None, None
        except psycopg.Error:
            return False
        self._notice_handlers.clear()
        return True

    @classmethod
    def pids(cls, database: str, *, is_waiting: bool) -> list[int]:
        """The server's processes for this process's connections to a database: of all, or of those that wait."""
        ours = [entry for entry in list(cls.instances) if entry.alike[:1] == (database,) and not entry.closed]
        return [our.info.backend_pid for our in ours if not is_waiting or our in cls.waiting[our.alike]]

    @classmethod
    def close_all(cls, database: str) -> None:
        """Really close what waits for a database."""
        cls.users.pop(database, None)
        for alike in [element for element in cls.waiting if element[0] == database]:
            for entry in cls.waiting.pop(alike):
                entry.close()


@event.listens_for(Engine, "do_connect")
def _connect_again(dialect: Any, _record: Any, arguments: Any, named: dict[str, Any]) -> Any:
    """Give an engine a connection that waits. One that a test left behind stays outside of the tests after it."""
    if dialect.driver != "psycopg" or (name := named.get("dbname")) not in Kept.users:
        return None
    if named.get("application_name") != Kept.users[name]:
        raise psycopg.OperationalError("This test is over.")
    alike = (name, dialect._json_serializer, dialect._json_deserializer)
    with contextlib.suppress(IndexError):
        while True:
            if not (kept := Kept.waiting[alike].pop()).closed:
                return kept
    return Kept.to(alike, *arguments, **named)


class Databases:
    """The databases of one server that are copies of its database `template`, which nobody is connected to."""

    @staticmethod
    def make(server: str, name: str, template: str = "template1") -> None:
        """Make a database."""
        with connected(server, "postgres") as db:
            _run(db, f"CREATE DATABASE {name} TEMPLATE {template}")

    def __init__(self, server: str, template: str) -> None:
        self.server, self.template = server, template
        self.free: list[str] = []
        with connected(server, template) as db:
            self.tables: list[str] = [row[0] for row in _run(db, _TABLES)]
            self.shape = _run(db, _SHAPE)
            self.filled = {table: rows for table in self.tables if (rows := _rows(db, table))}

    def take(self) -> str:
        """Return the address of one that is as the template is.

        No two are the same: what a process remembers of a database goes by its address, and ids begin at 1 again.
        """
        if not self.free:
            self.free.append(_name())
            self.make(self.server, self.free[-1], self.template)
        name = self.free.pop()
        Kept.users[name] = _name()
        return f"{self.server}/{name}?application_name={Kept.users[name]}"

    def give_back(self, address: str) -> None:
        """Empty it for the next test, or drop it where the test changed more than rows or left somebody inside."""
        name = address.rpartition("/")[2].partition("?")[0]
        Kept.users[name] = ""
        with contextlib.suppress(psycopg.Error), connected(self.server, name) as db:
            if self.empty(db, name):
                self.free.append(name)
                return
        self.drop(name)

    def drop(self, name: str) -> None:
        Kept.close_all(name)
        with connected(self.server, "postgres") as db:
            _run(db, f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Close all connections that wait."""
        for name in list(Kept.users):
            Kept.close_all(name)

    def empty(self, db: psycopg.Connection[Any], name: str) -> bool:
        """Delete what the template has not; return whether the database is as the template again."""
        ours = Kept.pids(name, is_waiting=False)
        others = db.execute(_OTHERS_OUT, [Kept.pids(name, is_waiting=True)]).fetchall()
        # A program may come in again by this name; what this process has open is told that its test is over.
        if any(pid not in ours for pid, _ in others) or _run(db, _SHAPE) != self.shape:
            return False
        _run(db, "SET session_replication_role = replica")  # no triggers, no order among the tables
        looks = " UNION ALL ".join(
            f"SELECT '{table}', EXISTS (SELECT FROM {table}), pg_relation_size('{table}')"
            for table in self.tables
            if table not in self.filled
        )
        for table, _, size in [row for row in _run(db, looks) if row[1]]:
            # Nothing sweeps up behind a DELETE here.
            _run(db, f"DELETE FROM {table}" if size < 1_000_000 else f"TRUNCATE {table} CASCADE")
        for (sequence,) in _run(db, _COUNTED):
            _run(db, f"ALTER SEQUENCE {sequence} RESTART")
        return all(_rows(db, table) == rows for table, rows in self.filled.items())


def _name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def connected(server: str, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database by its name, with the connection that did so before; each statement is a transaction."""
    alike = (name, "keeper")
    waiting = Kept.waiting[alike]
    result = waiting.pop() if waiting else Kept.to(alike, f"{server.replace('+psycopg', '')}/{name}")
    result.autocommit = True
    try:
        yield result
    finally:
        result.close()


def _run(db: psycopg.Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    rows = db.execute(sql.SQL(statement))
    return rows.fetchall() if rows.description else []


def _rows(db: psycopg.Connection[Any], table: str) -> list[str]:
    return sorted(row[0] for row in _run(db, f"SELECT x::text FROM {table} x"))
