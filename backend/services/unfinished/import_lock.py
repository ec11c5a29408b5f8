"""The lock of imports on SQLite, which one of them holds at a time, and what whoever waits for it is told of the other.

The lock is the system's, so it ends with its process; what the file holds is who has it, for those who wait.
"""

import fcntl
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from backend.config import settings
from backend.db import now
from backend.errors import Conflict
from backend.translations import gettext
from backend.values import JSON

log = logging.getLogger("rondo.services")

LOCK = "import.lock"
LOOK_SECONDS = 0.05
AWAITED = "awaited_import"
"""The key of a job's spec under which stands what import it waits for."""


@dataclass(frozen=True)
class ImportUnderWay:
    """An import that writes: into which project, of which file, who began it, and since when it writes (UTC)."""

    project_id: int
    file: str
    by: str
    since: str = ""

    def named_in(self, project_id: int | None) -> str:
        """As somebody in this project may know it: the file of another project is not theirs to see."""
        since = f", which has been writing since {self.since} UTC" if self.since else ""
        if self.project_id != project_id:
            return f"an import into another project{since}"
        return f"the import of {self.file!r} by {self.by}{since}"


Tell = Callable[[ImportUnderWay | None], None]
"""Is told for which import one waits, anew when that is another; None once the wait is over."""


class Waiting(Conflict):
    """Another import writes."""


@contextmanager
def held(
    most_seconds: float, *, is_needed: bool = True, mine: ImportUnderWay | None = None, tell: Tell | None = None
) -> Iterator[bool]:
    """Hold the lock, or raise `Waiting` where another one does for `most_seconds`.

    mine: what those who wait for it are told. Yields whether it is held: where files have no locks it is not, and
    `Conflict` is raised if `is_needed`.
    """
    place = settings().folder / LOCK
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("ab") as file:
        try:
            _lock(file, place, most_seconds, None if mine is None else mine.project_id, tell)
        except BlockingIOError:
            which = _in_words(_holder(place), None if mine is None else mine.project_id)
            raise Waiting(
                f"Another import is writing, so nothing was imported{which}. Import the file again later."
            ) from None
        except OSError as error:  # two imports at once would take each other's rows for what a killed one left
            if not is_needed:
                yield False
                return
            raise Conflict(
                f"{place} cannot be locked: {error.strerror}. Import where the data folder's file system has locks."
            ) from error
        file.truncate(0)  # of one that was killed
        if mine is not None:
            file.write(json.dumps(asdict(mine) | {"since": f"{now():%Y-%m-%d %H:%M}"}).encode())
            file.flush()
        try:
            yield True
        finally:
            file.truncate(0)


def waits_for(awaited: JSON | None, project_id: int, attempt: int) -> str:
    """What is said of a running job whose spec holds this under `AWAITED`; empty where it does not wait."""
    if awaited is None or awaited.get("attempt") != attempt:
        return ""
    other = ImportUnderWay(**awaited["import"])
    text = (
        gettext(
            "It waits for the import of {file} by {name}, which has been writing since {since} UTC. On SQLite one "
            "import writes at a time; this one goes on by itself."
        )
        if other.project_id == project_id
        else gettext(
            "It waits for an import into another project, which has been writing since {since} UTC. On SQLite one "
            "import writes at a time; this one goes on by itself."
        )
    )
    return text.format(file=repr(other.file), name=other.by, since=other.since)


def _lock(file: IO[bytes], place: Path, most_seconds: float, project_id: int | None, tell: Tell | None) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        if most_seconds <= 0:
            raise
    until, told = time.monotonic() + most_seconds, list[ImportUnderWay | None]()
    while True:
        holder = _holder(place)
        if not told or (holder is not None and holder != told[-1]):
            told.append(holder)
            log.info("Waiting for another import to end%s.", _in_words(holder, project_id))
            if tell is not None and holder is not None:
                tell(holder)
        time.sleep(LOOK_SECONDS)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
    if tell is not None and any(told):
        tell(None)


def _holder(place: Path) -> ImportUnderWay | None:
    """Who has the lock; None where that is not known, as while the rows of a killed import are deleted."""
    try:
        return ImportUnderWay(**json.loads(place.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _in_words(holder: ImportUnderWay | None, project_id: int | None) -> str:
    return "" if holder is None else f": {holder.named_in(project_id)}"
