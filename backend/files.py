"""Which files may be opened: regular ones of a bounded size, and never those of the database.

A process that closes any descriptor of a file loses every POSIX lock it holds on that file (fcntl(2)), and SQLite's
locks are such. Whoever opens the database file past SQLite, if only to read it, lets the next process that closes the
database delete the log that this one still writes to: what is committed from then on is lost. So a file is looked at
by its inode first, which opens nothing and sees through links of both kinds.
"""

import os
import stat
from pathlib import Path

from backend.config import settings
from backend.errors import InvalidInput, NotFound

SQLITE = "sqlite:///"
BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite puts behind the name of a database file."""
JSON_BYTES = 64 * 1024 * 1024
"""Largest file of a model's settings; a tokenizer of 250,000 words has a quarter of it."""


def database_files() -> tuple[Path, ...]:
    """The files of the database, whether they are there or not; none where it is not SQLite's."""
    url = settings().url
    if not url.startswith(SQLITE):
        return ()
    path = url.removeprefix(SQLITE).partition("?")[0]
    return tuple(Path(path + suffix) for suffix in BESIDE) if path else ()


def is_private(path: Path) -> bool:
    """Whether a path leads to a file of the database or to the key that signs sessions, by whatever name."""
    identity = _identity(path)
    own = (*database_files(), settings().folder / "secret.key")
    return identity is not None and any(_identity(file) == identity for file in own)


def require_regular(path: Path, most: int) -> None:
    """Raise `NotFound` where there is no file, `InvalidInput` for what must not be read; opens nothing."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise NotFound(f"There is no file {path.name} in {path.parent}. Check its name.") from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"{path} is no file but a folder, a device or a pipe. Choose a file.")
    if is_private(path):
        raise InvalidInput(f"{path} is Rondo's own and is never read as data. Choose another file.")
    if status.st_size > most:
        raise InvalidInput(f"{path.name} is over {most / 1024**2:,.0f} MB. Choose a smaller file, or split it.")


def read_text(path: Path, most: int = JSON_BYTES) -> str:
    """The text of a file that `require_regular` lets pass; raises `OSError`, `UnicodeDecodeError`."""
    require_regular(path, most)
    return path.read_text(encoding="utf-8")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
