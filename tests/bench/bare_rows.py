"""The same rows without Rondo: a bare `executemany` into the same tables, and a bare SELECT written by `json`.

What is left of a road's time is at least this much, as long as the tables, their indexes and the driver stay. SQLite.
"""

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

AT_ONCE = 10_000
EVERYTHING = (
    "SELECT s.*, p.*, l.*, j.* FROM labels l JOIN samples s ON s.id = l.sample_id JOIN prompts p ON p.id = s.prompt_id "
    "JOIN judgments j ON j.sample_id = s.id"
)
PAIRS = (
    "SELECT e.*, p.*, a.*, b.*, c.*, d.* FROM examples e JOIN prompts p ON p.id = e.prompt_id "
    "JOIN samples a ON a.id = e.sample_id JOIN labels b ON b.sample_id = a.id "
    "JOIN samples c ON c.id = e.rejected_id JOIN labels d ON d.sample_id = c.id"
)


def opened(path: Path) -> sqlite3.Connection:
    """The database as Rondo opens it."""
    from backend.db.folding import indexed
    from backend.db.session import SQLITE_PRAGMAS

    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("rondo_fold", 1, indexed, deterministic=True)
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)
    return connection


def inserts(source: Path, tables: Sequence[str], searched: Sequence[str]) -> float:
    """Seconds of a processor to write all rows of these tables into a copy of the database that has none of them.

    Text indexes are filled at the end, in one statement.
    """
    target = source.with_name("bare.db")
    rows, copy = opened(source), opened(target)
    rows.backup(copy)
    copy.execute("PRAGMA foreign_keys=OFF")
    for table in searched:
        copy.execute(f"DROP TRIGGER {table}_search_insert")
        copy.execute(f"DROP TRIGGER {table}_search_delete")
        copy.execute(f"INSERT INTO {table}_search({table}_search) VALUES ('delete-all')")
    for table in reversed(tables):
        copy.execute(f"DELETE FROM {table}")
    copy.execute("VACUUM")
    copy.execute("PRAGMA foreign_keys=ON")
    seconds = 0.0
    copy.execute("BEGIN IMMEDIATE")
    for table in tables:
        names = [row[1] for row in rows.execute(f"PRAGMA table_info({table})")]
        read = rows.execute(f"SELECT {', '.join(names)} FROM {table}")
        into = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        while some := read.fetchmany(AT_ONCE):
            begun = time.process_time()
            copy.executemany(into, some)
            seconds += time.process_time() - begun
    begun = time.process_time()
    for table in searched:
        copy.execute(f"INSERT INTO {table}_search(rowid, text) SELECT id, text FROM {table}_texts")
    copy.execute("COMMIT")
    seconds += time.process_time() - begun
    for connection in (rows, copy):
        connection.close()
    target.unlink()
    return seconds


def lines(source: Path, statement: str = EVERYTHING) -> float:
    """Seconds of a processor to read rows by one statement and to write them as JSON lines."""
    rows, out_path = opened(source), source.with_name("bare.jsonl")
    encode: Any = json.JSONEncoder(ensure_ascii=False).encode
    begun = time.process_time()
    with out_path.open("w", encoding="utf-8") as out:
        read = rows.execute(statement)
        names = [column[0] for column in read.description]
        while some := read.fetchmany(1_000):
            out.write("\n".join([encode(dict(zip(names, row, strict=True))) for row in some]) + "\n")
    seconds = time.process_time() - begun
    rows.close()
    out_path.unlink()
    return seconds
