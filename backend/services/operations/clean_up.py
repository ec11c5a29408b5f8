"""Files that nothing refers to any more: what a broken-off training, a deleted row or a restored database has left.

Only what Rondo itself writes is looked at: folders in which rounds trained or jobs merged, logs of jobs, reports of
imports, what an import, an export or a push put down in between. A folder that a person put there is never
deleted. Nothing counts that was written to within the last day, or that belongs to a round or a job that there is; and
nothing at all is found where the data folder's files are another database's. The same holds for the shared files.
"""

import os
import time
from pathlib import Path

from backend import in_use
from backend.config import settings
from backend.db import reading, session
from backend.errors import InvalidInput
from backend.services import events, installation
from backend.services.access import Actor, require_owner
from backend.services.operations import shared_leftovers
from backend.services.operations.leftovers import Leftover, candidates, only
from backend.services.projects import own_files

SAFE_HOURS = 24.0
LEAST_HOURS = 1.0
BATCH = 20
"""So many are looked at once more before they are deleted."""


def find(actor: Actor, hours: float = SAFE_HOURS) -> list[Leftover]:
    """What nothing refers to and nobody wrote to for so many hours; for owners of the installation.

    Raises `InvalidInput` for fewer than one hour, and `Conflict` where the files are another database's.
    """
    with reading() as db:
        require_owner(db, actor)
    return look(hours)


def look(hours: float = SAFE_HOURS) -> list[Leftover]:
    """The same for whoever examines the installation from its own machine."""
    return _look(_latest(hours))


def _latest(hours: float) -> float:
    """Before when something must have been written to be deleted."""
    if not hours >= LEAST_HOURS:
        raise InvalidInput(f"Older than {hours:g} hours: what is just being written would count. Take 1 or more.")
    return time.time() - hours * 3600


def _look(latest: float) -> list[Leftover]:
    folder = settings().folder
    installation.require_own_folder()
    with reading() as db:
        listed = list(candidates(db, folder, own_files.named(db), _on_disk))
    on_disk = [
        Leftover(str(place.relative_to(folder)), why, own_files.size_of(place))
        for place, why in listed
        if not place.is_symlink() and _newest(place) < latest
    ]
    return on_disk + shared_leftovers.look(latest)


def delete(actor: Actor, hours: float = SAFE_HOURS) -> list[Leftover]:
    """Delete what `find` finds, each looked at once more before, and return what is gone."""
    with reading() as db:
        require_owner(db, actor)
    in_use.hold(installation.check_folder())
    gone, folder, latest = [], settings().folder, _latest(hours)
    leftovers = _look(latest)
    on_disk = [leftover for leftover in leftovers if not leftover.is_shared]
    for start in range(0, len(on_disk), BATCH):
        some = on_disk[start : start + BATCH]
        with reading() as db:
            kept = own_files.named(db)
            left = [file for file in some if any(candidates(db, folder, kept, only(folder / file.path)))]
        for leftover in left:
            place = folder / leftover.path
            if _newest(place) < latest:
                own_files.remove([place], kept)
                gone += [] if os.path.lexists(place) else [leftover]
    if any(leftover.is_shared for leftover in leftovers):
        gone += shared_leftovers.delete(latest)
    if gone:
        with session() as db:
            num_bytes = sum(file.num_bytes for file in gone)
            events.note(db, actor, "clean up files", f"{len(gone)} files and folders", bytes=num_bytes)
    return gone


def _on_disk(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def _newest(place: Path) -> float:
    """When anything in it was last written; now where it cannot be told."""
    try:
        times = [place.lstat().st_mtime]
        for base, names, files in os.walk(place):
            times += [Path(base, name).lstat().st_mtime for name in (*names, *files)]
        return max(times)
    except OSError:
        return time.time()
