"""Files that take the place of others, each act with the one that takes it back.

What is replaced stays beside: where that is another disk than the data folder's, on that disk. A file comes to its
place by one rename within its own folder, so that a broken-off restore leaves no half of one.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from backend import in_use
from backend.db import now


class UndoLog:
    """What was done so far, to be taken back in reverse."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def before(self, take_back: Callable[..., None], *arguments: Path) -> None:
        """Note, before something is done, how to take it back; that must do no harm where it was not done."""
        self._undo.append(partial(take_back, *arguments))

    def take_back(self) -> None:
        """Take everything back. What fails is raised, and the rest stays as it is."""
        while self._undo:
            self._undo[-1]()
            self._undo.pop()


def free_name(folder: Path) -> str:
    """A name for the folder of what is set aside that is free."""
    name, number = f"replaced-{now():%Y%m%d-%H%M%S}", 1
    while (folder / (free := name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return free


def set_aside(place: Path, aside: Path, acts: UndoLog) -> None:
    """Move a file or folder aside. Of a folder that lies on another disk, by a mount or a link, what is in it."""
    if place.is_dir() and (place.is_symlink() or place.is_mount()):
        inner = _name_of(aside)
        for path in list(place.iterdir()):
            if not path.name.startswith("replaced-"):
                set_aside(path, place / inner / path.name, acts)
        return
    try:
        _move(place, aside, acts)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move(place, place.with_name(f".{_name_of(aside)}-{place.name}"), acts)


def put(path: Path, target: Path, aside: Path, sha256: str, acts: UndoLog) -> None:
    """Move a file to its place. Another one that is there goes aside; the same one stays."""
    if target.is_file() and _sum(target) == sha256:
        return
    if os.path.lexists(target):
        set_aside(target, aside, acts)
    target.parent.mkdir(parents=True, exist_ok=True)
    acts.before(_delete, target)
    staged = stage(path, target)
    os.replace(staged, target)
    in_use.sync_folder(target.parent)


def stage(path: Path, target: Path) -> Path:
    """Bring a file into the folder of its target, under another name; return where it is."""
    staged = staged_name(target)
    try:
        os.replace(path, staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(path, staged)
        with staged.open("rb+") as file:
            os.fsync(file.fileno())
        path.unlink()
    return staged


def staged_name(target: Path) -> Path:
    """Where a file waits beside its target."""
    return target.with_name(f".restore-{target.name}")


def keep(path: Path, aside: Path, acts: UndoLog) -> None:
    """Let a file that is to be replaced in one step have a second name, so that its place is never empty."""
    aside.parent.mkdir(parents=True, exist_ok=True)
    for name in (aside, path.with_name(f".{_name_of(aside)}-{path.name}")):
        acts.before(_delete, name)
        with suppress(OSError):  # another disk, or one without links
            os.link(path, name)
            return
    shutil.copy2(path, aside)


def forget_empty(aside: Path) -> None:
    """Remove what was made to set things aside and holds nothing."""
    for base, _, _ in os.walk(aside, topdown=False):
        with suppress(OSError):
            os.rmdir(base)


def _name_of(aside: Path) -> str:
    return next(part for part in reversed(aside.parts) if part.startswith("replaced-"))


def _move(place: Path, aside: Path, acts: UndoLog) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    acts.before(_move_back, place, aside)
    os.rename(place, aside)


def _move_back(place: Path, aside: Path) -> None:
    if os.path.lexists(aside):
        _delete(place)
        os.rename(aside, place)


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
