"""What this machine fetched of the shared files: how much, and when it was last asked for.

A small file for each is kept in the data folder, its time the last use. Above `RONDO_FILES_CACHE_GB` the copies that
nobody asked for longest go; they can be fetched again. What was made on this machine is none of them.
"""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from backend.config import settings
from backend.row_files import PART

FOLDER = "fetched"
SUFFIX = ".bytes"
IN_USE_SECONDS = 3_600
"""A copy that was asked for within so long may be loading."""


def note(place: Path, num_bytes: int) -> None:
    """Note a copy that was fetched just now."""
    file = _note_of(place)
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(num_bytes), encoding="utf-8")


def touch(place: Path) -> None:
    """Note that a copy is asked for; what was made here has no note, and gets none."""
    with suppress(OSError):
        os.utime(_note_of(place))


def forget_oldest(is_shared: Callable[[str], bool]) -> None:
    """Delete copies until the rest takes no more than the setting says, the longest unused first.

    is_shared: whether a name can be fetched again; else its copy is the only one, and stays.
    """
    notes = sorted((settings().folder / FOLDER).glob(f"*{SUFFIX}"), key=_used_at)
    sizes = {file: _num_bytes(file) for file in notes}
    held = sum(sizes.values())
    for file in notes:
        if held <= settings().files_cache_gb * 1e9 or _used_at(file) > time.time() - IN_USE_SECONDS:
            return
        name = unquote(file.name.removesuffix(SUFFIX))
        if is_shared(name):
            _delete(settings().folder / name)
        file.unlink(missing_ok=True)
        held -= sizes[file]


def _note_of(place: Path) -> Path:
    folder = settings().folder
    return folder / FOLDER / f"{quote(place.relative_to(folder).as_posix(), safe='')}{SUFFIX}"


def _used_at(file: Path) -> float:
    with suppress(OSError):  # another process was quicker
        return file.stat().st_mtime
    return 0.0


def _num_bytes(file: Path) -> int:
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="utf-8"))
    return 0


def _delete(place: Path) -> None:
    """Take its name first: whoever looks finds all of it or nothing."""
    aside = place.with_name(f"{PART}{place.name[:60]}-gone")
    with suppress(OSError):
        place.rename(aside)
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()
