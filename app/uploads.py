"""Which files a login uploaded: nobody else may name, read or import them.

Kept in memory, like everything else that Gradio knows of a page: after a restart a file is uploaded again.
"""

import os
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from backend.config import settings
from backend.errors import NotFound

LASTS = 24 * 3600
"""Seconds that an upload stays."""
LOGINS = 10_000
FILES = 100
"""Of one login; naming an older one is refused."""

_files: OrderedDict[int, OrderedDict[str, None]] = OrderedDict()
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
    """Remember that this login uploaded these files."""
    with _lock:
        mine = _files.setdefault(session_id, OrderedDict())
        _files.move_to_end(session_id)
        for path in paths:
            mine[path] = None
            mine.move_to_end(path)
        while len(mine) > FILES:
            mine.popitem(last=False)
        while len(_files) > LOGINS:
            _files.popitem(last=False)


def is_own(session_id: int | None, path: str) -> bool:
    """Whether this login uploaded the file of exactly that path."""
    with _lock:
        return session_id is not None and path in _files.get(session_id, ())


def require_own(session_id: int | None, path: str) -> str:
    """Return the path of an upload; raises `NotFound` for any other file, whether it is there or not."""
    if not is_own(session_id, path):
        raise NotFound("This file was not uploaded here. Upload it again.")
    return path
