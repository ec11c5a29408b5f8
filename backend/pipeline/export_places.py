"""Where files of exports may lie, and how long."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from backend import shared_files, whole_files
from backend.config import settings
from backend.errors import InvalidInput, RondoError
from backend.files import is_private
from backend.pipeline import gguf

log = logging.getLogger("rondo.services")

FOLDER = "exports"
KEPT_DAYS = 7
PART_SECONDS = 3_600
"""A part that nobody wrote to for so long is a killed process's."""


def folder() -> Path:
    return settings().folder / FOLDER


def forget_old() -> None:
    """Delete files that are older than `KEPT_DAYS`, and parts that nobody writes; each can be written again."""
    kept = KEPT_DAYS * 86_400
    files = {"samples-*": kept, "datasets-*": kept, "scan-*": kept, f"{whole_files.PART}*": PART_SECONDS}
    for pattern, seconds in files.items():
        for path in folder().glob(pattern):
            with suppress(OSError):  # another process was quicker, or it is another account's
                if path.stat().st_mtime < time.time() - seconds:
                    path.unlink()
    gguf.forget_old()


def forget_old_shared() -> None:
    """Share those no more, once in a while: what cannot be read or reached stays until the next time."""
    try:
        files = shared_files.store()
        if files is None:
            return
        names = files.names(f"{FOLDER}/")
    except RondoError as error:
        log.warning("Shared files of exports could not be looked at: %s", error.message)
        return
    for name in names:
        if not name.startswith(tuple(f"{FOLDER}/{kind}-" for kind in ("samples", "datasets", "scan", "gguf"))):
            continue
        try:
            file_list = files.find(name)
            if file_list is not None and file_list.written_at.timestamp() < time.time() - KEPT_DAYS * 86_400:
                files.delete(name)
        except RondoError as error:
            log.warning("%s stays shared: %s", name, error.message)


def refuse_place(out: Path) -> None:
    """Raise `InvalidInput` for a file that cannot be written there."""
    if is_private(out):
        raise InvalidInput(f"{out} is Rondo's own and would be lost. Choose another file.")
    if out.is_dir():
        raise InvalidInput(f"{out} is a folder. Name the file that is to be written in it.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{out} cannot be written: {error.strerror}. Choose another file.") from error
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise InvalidInput(f"{out} cannot be written: its folder is closed to you. Choose another file.")
