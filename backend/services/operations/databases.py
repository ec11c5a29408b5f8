"""The database's part of putting a backup back.

On SQLite one file takes another's place in one step; on PostgreSQL an empty database is filled in one transaction, so
that no data is replaced there.
"""

import fcntl
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from backend import in_use
from backend.config import settings
from backend.db import dispose, reading, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.files import database_files
from backend.services import installation
from backend.services.operations import figures, replacing

SQLITE, POSTGRES = "rondo.db", "rondo.dump"
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NUM_RELATIONS = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""


def name() -> str:
    """What the database's copy is called in a backup."""
    return SQLITE if make_url(settings().url).get_backend_name() == "sqlite" else POSTGRES


def shown() -> str:
    """The database's address, without its password."""
    return str(make_url(settings().url).set(query={}))


def refuse_running(folder: Path, held: ExitStack) -> None:
    """Raise `Conflict` where a worker uses the installation, here or elsewhere. `held` keeps others from starting."""
    others = [executor for executor in _alive() if executor.host != socket.gethostname()]
    if others:
        problem = f"The worker {others[0].id} on {others[0].host} runs on this installation."
        raise Conflict(f"{problem} Stop Rondo and its workers, then restore.")
    for path in sorted((folder / "executors").glob("*.lock")):
        descriptor = os.open(path, os.O_RDWR)
        held.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = f"The worker {path.stem} runs on this installation."
            raise Conflict(f"{problem} Stop Rondo and its workers, then restore.") from None


def _alive() -> list[tables.Executor]:
    """The workers that the database names; none where it cannot be read, which may be why it is put back."""
    if name() == SQLITE and not database_files()[0].exists():
        return []
    try:
        with reading() as db:
            return list(figures.alive(db))
    except SQLAlchemyError:
        return []
    finally:
        dispose()


def check(copy: Path) -> None:
    """Raise `InvalidInput` for a copy of another kind of database, one that is damaged, or of a newer Rondo."""
    if copy.name != name():
        ours, theirs = ("SQLite", "PostgreSQL") if name() == SQLITE else ("PostgreSQL", "SQLite")
        problem = f"The backup's database is {theirs}'s, and this installation's is {ours}'s."
        raise InvalidInput(f"{problem} Set RONDO_DATABASE_URL to one of its kind.")
    revision = _sqlite_revision(copy) if name() == SQLITE else _dump_revision(copy)
    if revision not in installation.revisions():
        raise InvalidInput(f"The backup is of a newer Rondo: this one does not know schema {revision}. Update Rondo.")


def _sqlite_revision(copy: Path) -> str:
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
            status = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            revision = str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise InvalidInput(f"The backup's database cannot be read: {error}. Choose another.") from error
    if status != "ok":
        raise InvalidInput(f"The backup's database is damaged: {status}. Choose another.")
    return revision


def _dump_revision(copy: Path) -> str:
    line = [program("pg_restore"), "--data-only", "--table=alembic_version", "--file=-", str(copy)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    match = re.search(r"^COPY .*\n(\w+)$", done.stdout, re.MULTILINE)
    if done.returncode or match is None:
        problem = done.stderr.strip()[-500:] or "it names no schema"
        raise InvalidInput(f"The backup's database cannot be read: {problem}. Choose another.")
    return match[1]


def require_room() -> None:
    """Raise `Conflict` where a restore would have to replace a PostgreSQL database, or something has SQLite's open."""
    if name() == SQLITE:
        _bring_to_rest()
    elif not is_empty():
        raise Conflict(
            f"The database {shown()} is not empty, and rondo db restore replaces nothing on PostgreSQL. Make an empty "
            "one (createdb rondo_restored), set RONDO_DATABASE_URL to it, and restore again."
        )


def is_empty() -> bool:
    """Whether a PostgreSQL database holds no tables, views or sequences."""
    try:
        with reading() as db:
            return db.scalar(text(_NUM_RELATIONS)) == 0
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        advice = "Start it, make it (createdb), or correct RONDO_DATABASE_URL."
        raise MissingPrerequisite(f"The database {shown()} does not answer: {reason}. {advice}") from error
    finally:
        dispose()


def _bring_to_rest() -> None:
    """Write the log of SQLite's database into it, which only who alone has it open can. A damaged one stays so."""
    target = database_files()[0]
    if not target.exists():
        return
    try:
        with closing(sqlite3.connect(target, timeout=1)) as db:
            mode = db.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in DAMAGED:
            return
        if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Conflict(f"The database {target} cannot be opened: {error}. Correct that, then restore.") from error
        mode = "wal"
    if mode == "wal":
        problem = f"A process has the database {target} open."
        raise Conflict(f"{problem} Stop Rondo, its workers and whatever else reads it, then restore.")


def put_back(copy: Path, aside: Path, acts: replacing.UndoLog) -> None:
    """Let the copy be the database, or leave everything as it is. SQLite's before it has a name in `aside`."""
    if name() == POSTGRES:
        _fill(copy)
        return
    target, *beside = database_files()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        replacing.keep(target, aside / target.name, acts)
    for path in beside:  # of a damaged database: beside another one they would be written into that
        if path.exists():
            replacing.set_aside(path, aside / path.name, acts)
    staged = replacing.stage(copy, target)
    os.replace(staged, target)
    in_use.sync_folder(target.parent)


def was_put_back(copy: Path) -> bool:
    """Whether the last step was done, for whoever was interrupted just then."""
    if name() == POSTGRES:
        return not is_empty()
    return not copy.exists() and not replacing.staged_name(database_files()[0]).exists()


def _fill(copy: Path) -> None:
    url = make_url(settings().url)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    options = ["--no-owner", "--single-transaction", "--exit-on-error"]
    line = [program("pg_restore"), *options, f"--dbname={address}", str(copy)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = f"{done.stderr.strip()[-500:]}. Correct that, then try again."
        raise MissingPrerequisite(f"pg_restore failed, and the database is as it was: {problem}")


def program(wanted: str) -> str:
    """Where PostgreSQL's program is; raises `MissingPrerequisite` where it is not installed."""
    path = shutil.which(wanted)
    if path is None:
        problem = f"{wanted} is not installed. Install PostgreSQL's client programs, then try again."
        raise MissingPrerequisite(problem)
    return path
