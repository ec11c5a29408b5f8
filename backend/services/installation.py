"""The installation itself: its folder, its schema, its backup."""

import importlib
import importlib.util
import logging
import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from sqlalchemy import func, inspect, make_url, select, text
from sqlalchemy.exc import OperationalError

from backend import in_use, jobs, private, shared_files
from backend.config import settings
from backend.db import address, dispose, now, reading, tables
from backend.db import problem as db_problem
from backend.errors import Conflict, MissingPrerequisite

log = logging.getLogger("rondo.services")

OF_DATABASE = "database-id"
"""The file that says of which database the data folder's files are."""
BY_ROWS = ("archives/round-*", "checkpoints/round-*", "checkpoints/merged-*", "jobs/[0-9]*", "reports/prompts-*")
"""What is named by numbers of rows."""


def prepare() -> None:
    """Make the data folder and bring the schema up to date, ours and the job engine's. Safe to repeat.

    Raises `Conflict` while the folder is restored from a backup, or where that was broken off.
    """
    folder = check_folder()
    in_use.hold(folder)
    private.tighten(folder)
    try:
        if not is_current():
            _migrations().upgrade()
        jobs.prepare()
        private.share(settings().folder / "rondo.db")
        tie_folder()
        tie_files()
    except OperationalError as error:
        raise _does_not_answer(error) from error


def check_folder() -> Path:
    """Return the data folder, which exists, can be written, and takes what only its owner can read from now on."""
    folder = settings().folder
    private.keep()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise MissingPrerequisite(
            f"The data folder {folder} cannot be written: {error.strerror}. "
            "Choose another one with RONDO_DATA_DIR or --data-dir."
        ) from error


def tie_folder() -> None:
    """Note in the data folder that its files are this database's, unless they are older than it or another's."""
    folder, made_at = settings().folder, _made_at()
    if made_at is None or (folder / OF_DATABASE).exists() or _has_older(folder, made_at):
        return
    with suppress(OSError):  # the disk is full: the next start notes it
        part = folder / f"{OF_DATABASE}.part"
        part.write_text(_id(made_at), encoding="utf-8")
        part.replace(folder / OF_DATABASE)


def tie_files() -> None:
    """Note at the address of the shared files that they are this database's. Raises as `require_own_files` does."""
    files = require_own_files()
    made_at = _made_at() if files is not None else None
    if files is not None and made_at is not None and files.owner() is None:
        files.note_owner(_id(made_at))


def require_own_files() -> shared_files.FileStore | None:
    """Raise `Conflict` where the shared files are another database's; return where they lie, if any are shared.

    Of a database without an account are none that have an owner. Raises what `FileStore` raises for a wrong address.
    """
    files = shared_files.store()
    if files is None:
        return None
    made_at, owner = _made_at(), files.owner()
    if owner is None:
        is_other = made_at is not None and any(shared.written_at < made_at for shared in files.lists())
    else:
        is_other = made_at is None or owner != _id(made_at)
    if is_other:
        raise Conflict(
            f"The shared files at {files.url} are not those of the database {address()}: two installations would "
            "overwrite and delete each other's. Give RONDO_FILES_URL a place of this one's own."
        )
    return files


def warn_of_place() -> None:
    """Log it where another data folder may have the same SQLite database: its worker would lack the files of this."""
    url, folder = make_url(settings().url), settings().folder
    if url.get_backend_name() != "sqlite" or not url.database or settings().files_url:
        return
    if not Path(url.database).resolve().is_relative_to(folder.resolve()):
        log.warning(
            "The database %s lies outside of the data folder %s. Start all that use it with this data folder, or set "
            "RONDO_FILES_URL: a worker with another folder takes jobs and does not find their checkpoints.",
            address(),
            folder,
        )


def untie_folder() -> None:
    """Forget of which database the data folder's files are: it is replaced."""
    (settings().folder / OF_DATABASE).unlink(missing_ok=True)


def require_own_folder() -> None:
    """Raise `Conflict` where the data folder's files are another database's, whose rows are not here to name them."""
    folder, made_at = settings().folder, _made_at()
    noted = folder / OF_DATABASE
    if noted.exists():
        is_other = made_at is None or noted.read_text(encoding="utf-8").strip() != _id(made_at)
    else:
        is_other = _has_older(folder, made_at)
    if is_other:
        raise Conflict(
            f"The files in {folder} are not those of the database {address()}: they may belong to rows of another one, "
            "so none is deleted. Set RONDO_DATABASE_URL and RONDO_DATA_DIR as Rondo is started with."
            + (f" If these do belong together, write {_id(made_at)} into {noted}." if made_at is not None else "")
        )


def database_id() -> str:
    """What names this database, whatever it is copied to; raises `Conflict` while it has no account."""
    made_at = _made_at()
    if made_at is None:
        raise Conflict("The database has no account yet, so nothing is its own. Make one first.")
    return _id(made_at)


def _made_at() -> datetime | None:
    """When the first account was made, to the microsecond: no account is ever deleted, and no other database has it."""
    with reading() as db:
        return db.scalar(select(func.min(tables.User.created_at)))


def _id(made_at: datetime) -> str:
    return made_at.astimezone(UTC).isoformat(timespec="microseconds")


def _has_older(folder: Path, made_at: datetime | None) -> bool:
    """Whether anything that rows name was last written to before there was such a database."""
    for path in (path for pattern in BY_ROWS for path in folder.glob(pattern)):
        with suppress(FileNotFoundError):  # it was deleted just now
            if made_at is None or path.lstat().st_mtime < made_at.timestamp():
                return True
    return False


def is_current() -> bool:
    """Whether the schema is the newest one, found out without Alembic: loading that takes half a second and 10 MB."""
    newest = max(revisions())
    with reading() as db:
        if not inspect(db.connection()).has_table("alembic_version"):
            return False
        return list(db.scalars(text("SELECT version_num FROM alembic_version"))) == [newest]


def is_empty() -> bool:
    """Whether the database holds no tables, so that there is nothing to back up."""
    with reading() as db:
        return not inspect(db.connection()).get_table_names()


def require_current() -> None:
    """Change nothing; raises `Conflict` unless the schema is this version's."""
    url = make_url(settings().url)
    is_there = url.get_backend_name() != "sqlite" or Path(url.database or "").exists()  # looking would make the file
    try:
        is_ready = is_there and is_current()
    except OperationalError as error:
        raise _does_not_answer(error) from error
    if not is_ready:
        raise Conflict(
            f"The schema of the database {address()} is not that of this version of Rondo, and this command does not "
            "change it. Use the version that runs there, or bring it up to date: rondo db upgrade"
        )


def revisions() -> set[str]:
    """The schemas that this version knows."""
    folder = Path(_migrations_spec().origin or "").parent / "versions"
    return {path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py")}


def problem() -> str | None:
    """Why nothing that people do can be saved any more; None while all is well. Opens nothing and waits for nobody."""
    return db_problem()


def upgrade() -> str:
    """Bring the schema up to date; return the database it was done to, without its password."""
    prepare()
    return address()


def downgrade(revision: str) -> None:
    """Take our schema back to a revision; what newer revisions added is lost."""
    in_use.hold(check_folder())
    dispose()
    _migrations().downgrade(revision)


def backup(target: Path | None = None) -> Path:
    """Copy the database to a file while everything runs on. Checkpoints are files and stay where they are."""
    url = make_url(settings().url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if target is None:
        name = f"rondo-{now():%Y%m%d-%H%M%S}.{'db' if is_sqlite else 'dump'}"
        target = check_folder() / "backups" / name
    if target.exists():
        raise Conflict(f"{target} exists already. Choose another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        if is_sqlite:
            _copy_sqlite(Path(url.database or ""), part)
        else:
            _dump_postgres(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _migrations_spec() -> ModuleSpec:
    spec = importlib.util.find_spec("migrations")
    assert spec is not None
    return spec


def _migrations() -> ModuleType:
    return importlib.import_module("migrations")


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise MissingPrerequisite(f"There is no database at {source} yet. Start Rondo once: `rondo up`.")
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=2000)
    target.chmod(0o600)


def _dump_postgres(target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise MissingPrerequisite("pg_dump is not installed. Install PostgreSQL's client programs, then try again.")
    url = make_url(settings().url)
    # The password goes by the environment: a command line is for everyone to see.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [program, "--format=custom", f"--file={target}", f"--dbname={address}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingPrerequisite(f"pg_dump failed: {done.stderr.strip()[-500:]}. Correct that, then try again.")


def _does_not_answer(error: OperationalError) -> MissingPrerequisite:
    reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
    return MissingPrerequisite(
        f"The database {address()} does not answer: {reason}. Start it, or correct RONDO_DATABASE_URL."
    )
