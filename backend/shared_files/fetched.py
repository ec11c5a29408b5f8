"""What this machine fetched of the shared files: how much, and when it was last asked for.

A small file for each is kept in the data folder, its time the last use. Above `RONDO_FILES_CACHE_GB` the copies that
nobody asked for longest go; they can be fetched again. What was made on this machine is none of them. A second kind of
note says that what lies here is what the shared files have under its name.
"""

import fcntl
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from backend.config import settings
from backend.errors import RondoError
from backend.whole_files import PART

log = logging.getLogger("rondo.files")

FOLDER = "fetched"
SUFFIX = ".bytes"
SAME = ".same"
LOCK = ".lock"
IN_USE_SECONDS = 3_600
"""A copy that was asked for within so long may be loading."""


class Held:
    """The copies that this process keeps from being forgotten until it ends."""

    is_on = False
    handles: dict[Path, int] = {}


def hold_from_now() -> None:
    """Keep what this process asks for from now on until it ends: for processes that live as long as a job."""
    Held.is_on = True


def note(place: Path, num_bytes: int) -> None:
    """Note a copy that was fetched just now."""
    file = _note_of(place)
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(num_bytes), encoding="utf-8")
    touch(place)


def touch(place: Path) -> None:
    """Note that a copy is asked for; what was made here has no note, and gets none."""
    file = _note_of(place)
    with suppress(OSError):
        os.utime(file)
        if Held.is_on:
            handle = os.open(file, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_SH)  # waits for whoever deletes it just now
            except OSError:  # a file system without locks
                os.close(handle)
                return
            if (before := Held.handles.get(file)) is not None:
                os.close(before)
            Held.handles[file] = handle


@contextmanager
def fetching(place: Path) -> Iterator[None]:
    """One process of this machine fetches a name at a time: the others wait, and then find it."""
    file = _note_of(place, LOCK)
    file.parent.mkdir(exist_ok=True, parents=True)
    with file.open("ab") as lock:
        with suppress(OSError):  # a file system without locks: each fetches its own, and the first is kept
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("Waiting for another process of this machine that fetches %s.", place.name)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def note_same(place: Path) -> None:
    """Note that what lies here is what is shared under its name."""
    file = _note_of(place, SAME)
    file.parent.mkdir(exist_ok=True)
    file.write_text(_stamp(place), encoding="utf-8")


def is_same(place: Path) -> bool:
    """Whether that was noted, of what lies here now."""
    with suppress(OSError):
        return _note_of(place, SAME).read_text(encoding="utf-8") == _stamp(place)
    return False


def drop(place: Path) -> None:
    """Note nothing more of what is neither shared nor here."""
    if not place.exists():
        for suffix in (SUFFIX, SAME, LOCK):
            with suppress(OSError):
                _note_of(place, suffix).unlink()


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
        if _forget(file, is_shared):
            held -= sizes[file]


def _forget(file: Path, is_shared: Callable[[str], bool]) -> bool:
    name = unquote(file.name.removesuffix(SUFFIX))
    try:
        can_come_back = is_shared(name)
    except RondoError as error:  # whoever fetched another one has what it needs
        log.warning("The copy of %s stays: %s", name, error.message)
        return False
    with _alone(file) as is_unused:
        if not is_unused or (can_come_back and not _delete(settings().folder / name)):
            return False
        file.unlink(missing_ok=True)
        return True


@contextmanager
def _alone(file: Path) -> Iterator[bool]:
    """Whether no process holds the copy of a note; none gets it meanwhile."""
    try:
        handle = os.open(file, os.O_RDONLY)
    except OSError:  # another process was quicker
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_unused = True
    except OSError:
        is_unused = False
    try:
        yield is_unused
    finally:
        os.close(handle)


def _note_of(place: Path, suffix: str = SUFFIX) -> Path:
    folder = settings().folder
    return folder / FOLDER / f"{quote(place.relative_to(folder).as_posix(), safe='')}{suffix}"


def _stamp(place: Path) -> str:
    """Which file or folder it is: what is put in its place is another."""
    stat = place.stat()
    return f"{stat.st_ino} {stat.st_mtime_ns}"


def _used_at(file: Path) -> float:
    with suppress(OSError):  # another process was quicker
        return file.stat().st_mtime
    return 0.0


def _num_bytes(file: Path) -> int:
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="utf-8"))
    return 0


def _delete(place: Path) -> bool:
    """Take its name first: whoever looks finds all of it or nothing. Whether the place is free."""
    aside = f"{PART}{place.name[:60]}-gone-"
    with suppress(OSError):
        place.rename(place.with_name(f"{aside}{uuid.uuid4().hex[:8]}"))
    for left in place.parent.glob(f"{aside}*"):  # of a process that was killed, too
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    return not place.exists()
