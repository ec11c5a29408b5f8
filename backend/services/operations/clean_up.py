"""Files that nothing refers to any more: what a broken-off training, a deleted row or a restored database has left.

Only what Rondo itself writes is looked at: folders in which rounds trained or jobs merged, logs of jobs, reports of
imports, what an import, an export or a push put down in between. A folder that somebody put there is nobody's to
delete. Nothing counts that was written to within the last day, or that belongs to a round or a job that there is; and
nothing at all is found where the data folder's files are another database's.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import in_use
from backend.config import settings
from backend.db import reading, session, tables
from backend.db.many import among
from backend.errors import InvalidInput
from backend.jobs import ACTIVE
from backend.pipeline import merge
from backend.pipeline.train import FOLDER, OF_ROUND
from backend.row_files import PART
from backend.services import archived, events, installation
from backend.services.access import Actor, require_owner
from backend.services.projects import own_files
from backend.values import RoundStatus

SAFE_HOURS = 24.0
LEAST_HOURS = 1.0
REPORT = re.compile(r"prompts-(\d{1,18})\..*", re.ASCII)
PART_OF_JOB = re.compile(r"\.part-(?:push|samples|merged)-(\d{1,18})(?:\..*)?", re.ASCII)
REFERENCE = re.compile(r"scan-(\d{1,18})\.reference\..*", re.ASCII)
ARCHIVE = re.compile(r"(?:\.part-)?round-(\d{1,18})", re.ASCII)
DOWNLOAD = re.compile(r"samples-[0-9a-f]{32}\..*", re.ASCII)
"""An export that was written for one download."""
BETWEEN = "tmp"
BATCH = 20
"""So many are looked at once more before they are deleted."""


@dataclass(frozen=True)
class Leftover:
    """A file or folder, below the data folder, and why nothing needs it."""

    path: str
    why: str
    num_bytes: int


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
        candidates = list(_candidates(db, folder, own_files.named(db)))
    return [
        Leftover(str(place.relative_to(folder)), why, own_files.size_of(place))
        for place, why in candidates
        if not place.is_symlink() and _newest(place) < latest
    ]


def delete(actor: Actor, hours: float = SAFE_HOURS) -> list[Leftover]:
    """Delete what `find` finds, each looked at once more before, and return what is gone."""
    with reading() as db:
        require_owner(db, actor)
    in_use.hold(installation.check_folder())
    gone, folder, latest = [], settings().folder, _latest(hours)
    leftovers = _look(latest)
    for start in range(0, len(leftovers), BATCH):
        some = leftovers[start : start + BATCH]
        with reading() as db:
            kept = own_files.named(db)
            left = [file for file in some if any(_candidates(db, folder, kept, only=folder / file.path))]
        for leftover in left:
            place = folder / leftover.path
            if _newest(place) < latest:
                own_files.remove([place], kept)
                gone += [] if os.path.lexists(place) else [leftover]
    if gone:
        with session() as db:
            num_bytes = sum(file.num_bytes for file in gone)
            events.note(db, actor, "clean up files", f"{len(gone)} files and folders", bytes=num_bytes)
    return gone


def _candidates(db: Session, folder: Path, kept: set[Path], only: Path | None = None) -> Iterator[tuple[Path, str]]:
    """What no row refers to, whatever its age; of one place alone, or all. kept: the folders that checkpoints name."""
    kinds = (_trainings, _merges, _logs, _reports, _references, _parts, _archives)
    for place, why in (candidate for kind in kinds for candidate in kind(db, folder, only)):
        if not own_files.is_named(place, kept):
            yield place, why
    for place in _inside(folder / BETWEEN, only):
        yield place, "an import that was broken off left it"


def _trainings(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    """Folders of rounds that are not there, and of rounds that are done without them. Others may go on from them."""
    numbers = _numbered(folder / FOLDER, OF_ROUND, only)
    round_, job = tables.Round, tables.Job
    ids = sorted({*numbers.values()})
    status = dict(db.execute(select(round_.id, round_.status).where(among(round_.id, ids))).tuples().all())
    busy = set(db.scalars(select(job.round_id).where(job.status.in_(ACTIVE), among(job.round_id, ids))))  # type: ignore[arg-type]
    for place, number in numbers.items():
        if number not in status:
            yield place, f"its round {number} is not there"
        elif status[number] is RoundStatus.done and number not in busy:
            yield place, f"its round {number} is done, and no checkpoint lies here"


def _merges(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    """Folders of merges that are not there. That of a checkpoint which somebody forgot stays: its job is there."""
    numbers, job = _numbered(folder / FOLDER, merge.OF_JOB, only), tables.Job
    query = select(job.id).where(among(job.id, sorted({*numbers.values()})))
    there = set(db.scalars(query.where(job.spec["kind"].as_string() == merge.KIND)))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its merge, job {number}, is not there"


def _parts(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    """What was being written when a process was killed. A job that is not over may still write."""
    exports = folder / own_files.EXPORTS
    numbers = _numbered(exports, PART_OF_JOB, only) | _numbered(folder / FOLDER, PART_OF_JOB, only)
    job = tables.Job
    query = select(job.id).where(job.status.in_(ACTIVE), among(job.id, sorted({*numbers.values()})))
    busy = set(db.scalars(query))
    for place, number in numbers.items():
        if number not in busy:
            yield place, f"job {number} left it half written"
    for place in _inside(exports, only):
        if place not in numbers and place.name.startswith(PART):
            yield place, "an export that was broken off left it"
        elif DOWNLOAD.fullmatch(place.name):
            yield place, "it was written for a download"


def _logs(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    numbers = _numbered(folder / own_files.JOBS, re.compile(r"(\d{1,18})", re.ASCII), only)
    there = set(db.scalars(select(tables.Job.id).where(among(tables.Job.id, sorted({*numbers.values()})))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its job {number} is not there"


def _reports(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    numbers = _numbered(folder / own_files.REPORTS, REPORT, only)
    prompt_set = tables.PromptSet
    there = set(db.scalars(select(prompt_set.id).where(among(prompt_set.id, sorted({*numbers.values()})))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its prompt set {number} is not there"


def _references(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    """Files that a scan compared rows with. A scan that failed may begin again."""
    numbers, scan = _numbered(folder / own_files.EXPORTS, REFERENCE, only), tables.Scan
    ids = among(scan.id, sorted({*numbers.values()}))
    waiting = set(db.scalars(select(scan.id).where(ids, scan.finished_at.is_(None))))
    for place, number in numbers.items():
        if number not in waiting:
            yield place, f"its scan {number} is over"


def _archives(db: Session, folder: Path, only: Path | None) -> Iterator[tuple[Path, str]]:
    """Archives of rounds that were restored, or are not there, and what a writing that was broken off has left."""
    numbers, round_ = _numbered(folder / archived.FOLDER, ARCHIVE, only), tables.Round
    ids = among(round_.id, sorted({*numbers.values()}))
    there = set(db.scalars(select(round_.id).where(ids, round_.archived_at.is_not(None))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"round {number} is not archived"


def _numbered(place: Path, pattern: re.Pattern[str], only: Path | None) -> dict[Path, int]:
    """What lies in a folder under a name with a number."""
    matches = {path: pattern.fullmatch(path.name) for path in _inside(place, only)}
    return {path: int(match[1]) for path, match in matches.items() if match is not None}


def _inside(place: Path, only: Path | None) -> list[Path]:
    if only is not None:
        return [only] if only.parent == place else []
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
