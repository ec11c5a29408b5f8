"""Databases on a test server that is PostgreSQL: made from a migrated one, emptied after a test, and used again.

To make and drop one takes a fifth of a second, and its first connections read the whole catalogue: more than most tests
take. What a test leaves is deleted instead; a database whose tables were changed is dropped.
"""

import uuid

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

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
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_COUNTED = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"


class Databases:
    """The databases of one server that are copies of its database `template`, which nobody is connected to."""

    @staticmethod
    def make(server: str, name: str, template: str = "template1") -> None:
        """Make a database."""
        with _connect(server, "postgres") as db:
            db.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))

    def __init__(self, server: str, template: str) -> None:
        self.server, self.template = server, template
        self.free: list[str] = []
        with _connect(server, template) as db:
            self.tables = db.scalars(text(_TABLES)).all()
            self.shape = db.scalar(text(_SHAPE))
            self.filled = {table: rows for table in self.tables if (rows := _rows(db, table))}

    def take(self) -> str:
        """Return the name of one that is as the template is."""
        if self.free:
            return self.free.pop()
        name = _name()
        self.make(self.server, name, self.template)
        return name

    def give_back(self, name: str) -> None:
        """Empty it for the next test, or drop it where the test changed more than rows.

        It gets another name: what a process remembers of a database goes by its address, and ids begin at 1 again.
        """
        another = _name()
        with _connect(self.server, "postgres") as db:
            try:
                if self.empty(name):
                    db.execute(text(f"ALTER DATABASE {name} RENAME TO {another}"))
                    self.free.append(another)
                    return
            except DBAPIError:  # somebody whom the test left behind came in again
                pass
            db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    def empty(self, name: str) -> bool:
        """Delete what the template has not; return whether the database is as the template again."""
        with _connect(self.server, name) as db:
            db.execute(text(_OTHERS_OUT))
            if db.scalar(text(_SHAPE)) != self.shape:
                return False
            db.execute(text("SET session_replication_role = replica"))  # no triggers, no order among the tables
            looks = " UNION ALL ".join(
                f"SELECT '{table}', EXISTS (SELECT FROM {table}), pg_relation_size('{table}')"
                for table in self.tables if table not in self.filled
            )  # fmt: skip
            for table, _, size in [row for row in db.execute(text(looks)) if row[1]]:
                # Nothing sweeps up behind a DELETE here.
                db.execute(text(f"DELETE FROM {table}" if size < 1_000_000 else f"TRUNCATE {table} CASCADE"))
            for sequence in db.scalars(text(_COUNTED)).all():
                db.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
            return all(_rows(db, table) == rows for table, rows in self.filled.items())


def _name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


def _connect(server: str, name: str) -> Connection:
    """Connect to a database by its name; each statement is a transaction."""
    return create_engine(f"{server}/{name}", isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


def _rows(db: Connection, table: str) -> list[str]:
    return sorted(db.scalars(text(f"SELECT x::text FROM {table} x")).all())
