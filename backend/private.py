"""The data folder is its owner's: what is written there, and what lies there already, no other account can read.

With `RONDO_GROUP_ACCESS` the folder's group may read and write as well, for workers that run as other accounts.
"""

import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from backend.config import settings

log = logging.getLogger("rondo.private")


def keep() -> None:
    """Let everything that this process and its children write from now on be closed to others."""
    os.umask(_closed_to())


def tighten(folder: Path) -> None:
    """Close what lies in the folder already, and say so. Links, mounts and what others own stay as they are."""
    if folder in (Path("/"), Path.home()):
        log.warning("%s is no folder for Rondo alone, and stays open to others. Set RONDO_DATA_DIR.", folder)
        return
    changed = refused = 0
    for path, mode in _open_ones(folder):
        try:
            path.chmod(mode & ~_closed_to())
            changed += 1
        except FileNotFoundError:
            continue  # somebody's temporary file
        except OSError:
            refused += 1
    if changed:
        log.warning("%s could be read by others; %d files and folders in it are closed to them now.", folder, changed)
    if refused:
        log.warning("%s: %d files and folders belong to others, and others can read them.", folder, refused)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder that lies elsewhere, but not who may read it there: the copy is closed like all that is made."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)  # copies the modes of folders all the same
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o777 & ~_closed_to())


def share(file: Path) -> None:
    """Let the group write a file that was made readable for it alone, as SQLite makes its own."""
    if settings().group_access and file.is_file():
        with suppress(PermissionError):
            file.chmod(stat.S_IMODE(file.stat().st_mode) | 0o060)


def _closed_to() -> int:
    return 0o007 if settings().group_access else 0o077


def _open_ones(folder: Path) -> Iterator[tuple[Path, int]]:
    """What others may read, with its mode. A path is never opened: SQLite's locks would go with closing it."""
    home = folder.stat()
    if home.st_mode & _closed_to():
        yield folder, stat.S_IMODE(home.st_mode)
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if status.st_dev != home.st_dev:
                if name in folders:
                    folders.remove(name)
            elif not stat.S_ISLNK(status.st_mode) and status.st_mode & _closed_to():
                yield path, stat.S_IMODE(status.st_mode)
