"""What no row refers to of what Rondo itself writes: the same rules for the data folder and for the shared files.

That is folders in which rounds trained or jobs merged, logs of jobs, reports of imports, what an import, an export or a
push put down in between.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among
from backend.jobs import ACTIVE
from backend.pipeline import merge
from backend.pipeline.train import FOLDER, OF_ROUND
from backend.services import archived
from backend.services.projects import own_files
from backend.values import RoundStatus
from backend.whole_files import PART

REPORT = re.compile(r"prompts-(\d{1,18})\..*", re.ASCII)
PART_OF_JOB = re.compile(r"\.part-(?:push|samples|merged|gguf|fetch)-(\d{1,18})(?:\..*)?", re.ASCII)
REFERENCE = re.compile(r"scan-(\d{1,18})\.reference\..*", re.ASCII)
ARCHIVE = re.compile(r"(?:\.part-)?round-(\d{1,18})", re.ASCII)
DOWNLOAD = re.compile(r"samples-[0-9a-f]{32}\..*", re.ASCII)
"""An export that was written for one download."""
BETWEEN = "tmp"
Inside = Callable[[Path], list[Path]]
"""Says what lies in a folder: on the disk, or at the address of the shared files."""


@dataclass(frozen=True)
class Leftover:
    """A file or folder, below the data folder, and why nothing needs it."""

    path: str
    why: str
    num_bytes: int
    is_shared: bool = False
    """Whether it lies at the address of the shared files."""

    @property
    def where(self) -> str:
        """Its path, and whether that is with the shared files."""
        return f"shared: {self.path}" if self.is_shared else self.path


def candidates(db: Session, folder: Path, kept: set[Path], inside: Inside) -> Iterator[tuple[Path, str]]:
    """What no row refers to, whatever its age. kept: the folders that checkpoints name; inside: what there is."""
    kinds = (_trainings, _merges, _logs, _reports, _references, _parts, _archives)
    for place, why in (candidate for kind in kinds for candidate in kind(db, folder, inside)):
        if not own_files.is_named(place, kept):
            yield place, why
    for place in inside(folder / BETWEEN):
        yield place, "an import that was broken off left it"


def _trainings(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    """Folders of rounds that are not there, and of rounds that are done without them. Others may go on from them."""
    numbers = _numbered(folder / FOLDER, OF_ROUND, inside)
    round_, job = tables.Round, tables.Job
    ids = sorted({*numbers.values()})
    status = dict(db.execute(select(round_.id, round_.status).where(among(round_.id, ids))).tuples().all())
    busy = set(db.scalars(select(job.round_id).where(job.status.in_(ACTIVE), among(job.round_id, ids))))  # type: ignore[arg-type]
    for place, number in numbers.items():
        if number not in status:
            yield place, f"its round {number} is not there"
        elif status[number] is RoundStatus.done and number not in busy:
            yield place, f"its round {number} is done, and no checkpoint lies here"


def _merges(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    """Folders of merges that are not there. That of a checkpoint which somebody forgot stays: its job is there."""
    numbers, job = _numbered(folder / FOLDER, merge.OF_JOB, inside), tables.Job
    query = select(job.id).where(among(job.id, sorted({*numbers.values()})))
    there = set(db.scalars(query.where(job.spec["kind"].as_string() == merge.KIND)))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its merge, job {number}, is not there"


def _parts(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    """What was being written when a process was killed. A job that is not over may still write."""
    exports = folder / own_files.EXPORTS
    numbers = _numbered(exports, PART_OF_JOB, inside) | _numbered(folder / FOLDER, PART_OF_JOB, inside)
    job = tables.Job
    query = select(job.id).where(job.status.in_(ACTIVE), among(job.id, sorted({*numbers.values()})))
    busy = set(db.scalars(query))
    for place, number in numbers.items():
        if number not in busy:
            yield place, f"job {number} left it half written"
    for place in inside(exports):
        if place not in numbers and place.name.startswith(PART):
            yield place, "an export that was broken off left it"
        elif DOWNLOAD.fullmatch(place.name):
            yield place, "it was written for a download"


def _logs(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    numbers = _numbered(folder / own_files.JOBS, re.compile(r"(\d{1,18})", re.ASCII), inside)
    there = set(db.scalars(select(tables.Job.id).where(among(tables.Job.id, sorted({*numbers.values()})))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its job {number} is not there"


def _reports(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    numbers = _numbered(folder / own_files.REPORTS, REPORT, inside)
    prompt_set = tables.PromptSet
    there = set(db.scalars(select(prompt_set.id).where(among(prompt_set.id, sorted({*numbers.values()})))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"its prompt set {number} is not there"


def _references(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    """Files that a scan compared rows with. A scan that failed may begin again."""
    numbers, scan = _numbered(folder / own_files.EXPORTS, REFERENCE, inside), tables.Scan
    ids = among(scan.id, sorted({*numbers.values()}))
    waiting = set(db.scalars(select(scan.id).where(ids, scan.finished_at.is_(None))))
    for place, number in numbers.items():
        if number not in waiting:
            yield place, f"its scan {number} is over"


def _archives(db: Session, folder: Path, inside: Inside) -> Iterator[tuple[Path, str]]:
    """Archives of rounds that were restored, or are not there, and what a writing that was broken off has left."""
    numbers, round_ = _numbered(folder / archived.FOLDER, ARCHIVE, inside), tables.Round
    ids = among(round_.id, sorted({*numbers.values()}))
    there = set(db.scalars(select(round_.id).where(ids, round_.archived_at.is_not(None))))
    for place, number in numbers.items():
        if number not in there:
            yield place, f"round {number} is not archived"


def _numbered(place: Path, pattern: re.Pattern[str], inside: Inside) -> dict[Path, int]:
    """What lies in a folder under a name with a number."""
    matches = {path: pattern.fullmatch(path.name) for path in inside(place)}
    return {path: int(match[1]) for path, match in matches.items() if match is not None}


def only(place: Path) -> Inside:
    """As if there were this place alone."""
    return lambda folder: [place] if place.parent == folder else []
