"""Who uses the data folder: each process that serves, works or asks holds a share of one lock, a restore all of it.

The kernel drops the lock with the process, however that ends. A restore that was broken off leaves a note instead, and
nothing starts on what may be half of one state and half of another.
"""

import fcntl
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.errors import Conflict

LOCK = "in-use.lock"
NOTE = "restoring.json"

_held: dict[Path, int] = {}
"""The descriptor of the lock of the folder that this process uses."""


def hold(folder: Path) -> None:
    """Use the folder until this process ends. Raises `Conflict` while it is restored, or where that was broken off."""
    if folder not in _held or not _is_same(folder):
        let_go()
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o660)  # less what `private` keeps closed
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Conflict(f"{folder} is being restored from a backup. Wait until that has ended.") from None
        except OSError:  # a file system without locks; restoring there is refused
            pass
        _held[folder] = descriptor
    require_whole(folder)


def let_go() -> None:
    """Use no folder any more."""
    for path in list(_held):
        os.close(_held.pop(path))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have the folder to oneself, whole or not. Raises `Conflict` where another process uses it."""
    with suppress(_BrokenOff):
        hold(folder)
    descriptor = _held[folder]
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        problem = f"A process of Rondo runs on {folder}: a web process, a worker or a command."
        raise Conflict(f"{problem} Stop Rondo and its workers, then restore.") from None
    except OSError as error:
        raise Conflict(f"{folder} cannot be locked: {error.strerror}. Restore on a disk of this machine.") from error
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def require_whole(folder: Path) -> None:
    """Raise `Conflict` where a restore was broken off, so that what is here may be half of two states."""
    if is_whole(folder):
        return
    source = "FILE"
    with suppress(OSError, ValueError, KeyError, TypeError):
        source = shlex.quote(json.loads((folder / NOTE).read_text(encoding="utf-8"))["source"])
    raise _BrokenOff(
        f"A restore of {folder} was broken off, and what is there may be of two states. Finish it: rondo db restore "
        f"{source}"
    )


def is_whole(folder: Path) -> bool:
    """Whether no restore was broken off here."""
    return not os.path.lexists(folder / NOTE)


def note_restore(folder: Path, source: Path) -> None:
    """Note that the folder is not whole from now on."""
    part = folder / (NOTE + ".part")
    with part.open("w", encoding="utf-8") as out:
        json.dump({"source": str(source.resolve())}, out)
        out.flush()
        os.fsync(out.fileno())
    part.replace(folder / NOTE)
    sync_folder(folder)


def note_whole(folder: Path) -> None:
    """Note that the folder is whole again."""
    (folder / NOTE).unlink(missing_ok=True)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems do not sync folders
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _BrokenOff(Conflict):
    """A restore was broken off. Restore again."""


def _is_same(folder: Path) -> bool:
    """Whether the lock that is held is the one that lies there."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(_held[folder]), os.stat(folder / LOCK))
    return False
