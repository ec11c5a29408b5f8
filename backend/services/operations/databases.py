"""The database's part of putting a backup back: on SQLite a file takes another's place, on PostgreSQL psql runs."""

import fcntl
import os
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from backend.config import settings
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.files import database_files
from backend.services import installation
from backend.services.operations import figures

SQLITE, POSTGRES = "rondo.db", "rondo.dump"


def name() -> str:
    """What the database's copy is called in a backup."""
    return SQLITE if make_url(settings().url).get_backend_name() == "sqlite" else POSTGRES


def refuse_running(folder: Path) -> None:
    """Raise `Conflict` where a worker uses the installation, on this machine or another."""
    others = [one for one in _alive() if one.host != socket.gethostname()]
    if others:
        said = f"The worker {others[0].id} on {others[0].host} runs on this installation."
        raise Conflict(f"{said} Stop Rondo and its workers, then restore.")
    for path in sorted((folder / "executors").glob("*.lock")):
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"The worker {path.stem} runs on this installation."
            raise Conflict(f"{said} Stop Rondo and its workers, then restore.") from None
        finally:
            os.close(descriptor)


def _alive() -> list[tables.Executor]:
    """The workers that the database names; none where it cannot be read, which may be why it is put back."""
    if name() == SQLITE and not database_files()[0].exists():
        return []
    try:
        with reading() as db:
            return list(figures.alive(db))
    except SQLAlchemyError:
        return []


def check(copy: Path) -> None:
    """Raise `InvalidInput` for a copy of another kind of database, one that is damaged, or of a newer Rondo."""
    if copy.name != name():
        ours, theirs = ("SQLite", "PostgreSQL") if name() == SQLITE else ("PostgreSQL", "SQLite")
        said = f"The backup's database is {theirs}'s, and this installation's is {ours}'s."
        raise InvalidInput(f"{said} Set RONDO_DATABASE_URL to one of its kind.")
    if name() == POSTGRES:
        program("pg_restore")
        program("psql")
        return
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
            said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            revision = db.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    except (sqlite3.Error, TypeError) as error:
        raise InvalidInput(f"The backup's database cannot be read: {error}. Choose another.") from error
    if said != "ok":
        raise InvalidInput(f"The backup's database is damaged: {said}. Choose another.")
    if revision not in installation.revisions():
        raise InvalidInput(f"The backup is of a newer Rondo: this one does not know schema {revision}. Update Rondo.")


def put_back(copy: Path, aside: Path) -> None:
    """Let the copy be the database, or leave everything as it is. SQLite's files before it go to the folder `aside`."""
    if name() == POSTGRES:
        _run_psql(copy)
        return
    target, *beside = database_files()
    moved: list[Path] = []
    try:
        # The log first: beside another database it would be written into that.
        for path in (*beside, target):
            if path.exists():
                aside.mkdir(parents=True, exist_ok=True)
                path.rename(aside / path.name)
                moved.append(path)
        shutil.move(copy, target)  # the database may lie on another disk than the data folder
    except OSError:
        for path in reversed(moved):
            (aside / path.name).rename(path)
        raise


def _run_psql(copy: Path) -> None:
    """Replace everything in one transaction: what newer schemas added goes with the rest."""
    url = make_url(settings().url)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    script = copy.with_suffix(".sql")
    first = "DROP SCHEMA IF EXISTS public, dbos CASCADE; CREATE SCHEMA public;"
    quiet = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    for line in (
        [program("pg_restore"), "--no-owner", f"--file={script}", str(copy)],
        [program("psql"), *quiet, f"--dbname={address}", f"--command={first}", f"--file={script}"],
    ):
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = f"{done.stderr.strip()[-500:]}. Correct that, then try again."
            raise MissingPrerequisite(f"{Path(line[0]).name} failed, and the database is as it was: {said}")


def program(wanted: str) -> str:
    """Where PostgreSQL's program is; raises `MissingPrerequisite` where it is not installed."""
    found = shutil.which(wanted)
    if found is None:
        said = f"{wanted} is not installed. Install PostgreSQL's client programs, then try again."
        raise MissingPrerequisite(said)
    return found
