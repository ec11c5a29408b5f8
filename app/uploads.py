"""Which files a login uploaded: nobody else may name, read or import them.

Kept in memory, like everything else that Gradio knows of a page: after a restart a file is uploaded again.
"""

import os
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from backend.config import settings
from backend.errors import NotFound

LASTS = 24 * 3600
"""Seconds that an upload stays."""
LOGINS = 10_000
FILES = 100
"""Of one login; an older one is deleted."""
OF_A_LOGIN, OF_ALL = 3, 30
"""So many uploads of the largest size are kept of one login, and of all logins together; older ones are deleted."""

_files: OrderedDict[int, OrderedDict[str, int]] = OrderedDict()
"""The paths of each login with their bytes; what was uploaded last stands last."""
_lock = Lock()


def make_folder() -> Path:
    """Let Gradio keep what is uploaded, and its copies, in the data folder, where only its owner looks."""
    folder = settings().folder / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _forget_old(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def _forget_old(folder: Path) -> None:
    """Delete what a process that was killed left; one that ends, and one that runs on, delete their own."""
    for path in folder.iterdir():
        if time.time() - path.lstat().st_mtime < LASTS:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def note(session_id: int, paths: Iterable[str]) -> None:
    """Remember that this login uploaded these files; delete older ones where they become too many or too large."""
    largest, gone = settings().max_upload_mb * 1024**2, list[str]()
    with _lock:
        mine = _files.setdefault(session_id, OrderedDict())
        _files.move_to_end(session_id)
        for path in paths:
            mine[path] = _size(path)
            mine.move_to_end(path)
        while len(mine) > 1 and (len(mine) > FILES or sum(mine.values()) > OF_A_LOGIN * largest):
            gone.append(mine.popitem(last=False)[0])
        while len(_files) > 1 and (len(_files) > LOGINS or _total() > OF_ALL * largest):
            gone += _files.popitem(last=False)[1]
        for path in gone:
            # Gradio keeps equal files of two logins under one path.
            if not any(path in files for files in _files.values()):
                _delete(path)


def _total() -> int:
    return sum(sum(files.values()) for files in _files.values())


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _delete(path: str) -> None:
    """Delete an upload, and the folder that Gradio made for it."""
    folder, file = (settings().folder / "uploads").resolve(), Path(path)
    if not file.resolve().is_relative_to(folder):
        return
    file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or the folder of all
        if file.parent.resolve() != folder:
            file.parent.rmdir()


def is_own(session_id: int | None, path: str) -> bool:
    """Whether this login uploaded the file of exactly that path."""
    with _lock:
        return session_id is not None and path in _files.get(session_id, ())


def require_own(session_id: int | None, path: str) -> str:
    """Return the path of an upload; raises `NotFound` for any other file, whether it is there or not."""
    if not is_own(session_id, path):
        raise NotFound("This file was not uploaded here. Upload it again.")
    return path
