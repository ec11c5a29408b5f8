"""What a project holds, in rows and in files, and the files that are its own.

Its own are the folders in which its rounds trained and its jobs merged, what its jobs printed, its exports and its
reports, its rounds' vectors, and what of these a job that was killed left half written. A model that somebody put into
the data folder and registered is not Rondo's to delete.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.db.many import among
from backend.embeddings import vectors
from backend.engines import _weights
from backend.errors import RondoError
from backend.pipeline import merge
from backend.pipeline.train import FOLDER
from backend.services import archived
from backend.services.hub import fetching
from backend.services.hub import files as pushing
from backend.whole_files import PART

JOBS = "jobs"
EXPORTS = "exports"
REPORTS = "reports"
IMPORTS = "imports"
LONGEST = 4_096
"""Characters of a path; a longer text is none."""


@dataclass(frozen=True)
class Holdings:
    """What goes with a project."""

    rounds: int
    samples: int
    decisions: int
    answers: int
    comments: int
    checkpoints: int
    num_bytes: int


def of_projects(db: Session, project_ids: Sequence[int]) -> Holdings:
    """What these projects hold."""
    rounds = db.scalars(select(tables.Round.id).where(tables.Round.project_id.in_(project_ids))).all()
    where = tables.Checkpoint.project_id.in_(project_ids)
    checkpoints = db.scalar(select(func.count()).select_from(tables.Checkpoint).where(where)) or 0
    query = select(tables.Round.id, tables.Round.archive).where(
        among(tables.Round.id, rounds), tables.Round.archived_at.is_not(None)
    )
    away = {round_id: archive["rows"] for round_id, archive in db.execute(query) if "rows" in archive}
    here = [round_id for round_id in rounds if round_id not in away]
    samples, decisions, answers, comments = (
        (db.scalar(select(func.count()).select_from(table).where(among(table.round_id, here))) or 0)
        + sum(files.get(table.__tablename__, 0) for files in away.values())
        for table in (tables.Sample, tables.Decision, tables.Answer, tables.Comment)
    )
    num_bytes = sum(size_of(place) for place in places(db, project_ids))
    return Holdings(len(rounds), samples, decisions, answers, comments, checkpoints, num_bytes)


def places(db: Session, project_ids: Sequence[int]) -> list[Path]:
    """The folders and files of these projects' own that are there."""
    return [place for pattern in patterns(db, project_ids) for place in sorted(settings().folder.glob(pattern))]


def patterns(db: Session, project_ids: Sequence[int]) -> tuple[str, ...]:
    """What the paths of these projects' own are like, below the data folder."""
    rounds, jobs, sets, datasets, scans = (
        db.scalars(select(table.id).where(table.project_id.in_(project_ids)).order_by(table.id)).all()
        for table in (tables.Round, tables.Job, tables.PromptSet, tables.Dataset, tables.Scan)
    )
    job = tables.Job
    # After a restore another job may have the number of one that merged.
    is_merge = (job.project_id.in_(project_ids), job.spec["kind"].as_string() == merge.KIND)
    is_fetch = (job.project_id.in_(project_ids), job.spec["kind"].as_string() == fetching.FETCH)
    fetches = db.scalars(select(job.id).where(*is_fetch).order_by(job.id)).all()
    of_project = (job.project_id.in_(project_ids), job.spec["file"].as_string().is_not(None))
    uploads = db.scalars(select(job.spec["file"].as_string()).where(*of_project).order_by(job.id)).all()
    merges = db.scalars(select(job.id).where(*is_merge).order_by(job.id)).all()
    return (
        *(f"{FOLDER}/round-{number}-*" for number in rounds),
        *(f"{archived.FOLDER}/{part}round-{number}" for number in rounds for part in ("", PART)),
        *(f"{vectors.FOLDER}/round-{number}-*" for number in rounds),
        *(f"{FOLDER}/merged-{number}-*" for number in merges),
        *(f"{FOLDER}/{merge.PART}{number}" for number in merges),
        *(f"{JOBS}/{number}" for number in jobs),
        *(f"{EXPORTS}/{part}samples-{number}.*" for number in jobs for part in ("", PART)),
        *(f"{EXPORTS}/{part}datasets-{number}.*" for number in jobs for part in ("", PART)),
        *(f"{EXPORTS}/{pushing.PART}{number}" for number in jobs),
        *(f"{EXPORTS}/gguf-{number}.gguf" for number in jobs),
        *(f"{EXPORTS}/{PART}gguf-{number}" for number in jobs),
        *(f"{fetching.PART}{number}" for number in fetches),
        *(f"{IMPORTS}/{fetching.FOLDER}/{number}-*.jsonl" for number in fetches),
        *(f"{EXPORTS}/{part}dataset-{number}-*" for number in datasets for part in ("", PART)),
        *(f"{EXPORTS}/{file}" for file in uploads),
        *(f"{EXPORTS}/scan-{number}.reference.*" for number in scans),
        *(f"{REPORTS}/prompts-{number}.*" for number in sets),
    )


def remove(leftovers: Iterable[Path], kept: Collection[Path]) -> list[Path]:
    """Delete those that no kept folder lies in, around or at, and return what could not be deleted."""
    stuck, folder = [], settings().folder
    for place in leftovers:
        if place.is_symlink() or not place.is_relative_to(folder) or is_named(place, kept):
            continue
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            with suppress(OSError):
                place.unlink(missing_ok=True)
        stuck += [place] if os.path.lexists(place) else []
    return stuck


def named(db: Session, *, but_of: Sequence[int] = ()) -> set[Path]:
    """The folders that checkpoints name, as they really lie, and those of the models below their adapters.

    but_of: projects whose checkpoints do not count.
    """
    folder, checkpoint = settings().folder, tables.Checkpoint
    names: set[str] = set()
    query = select(checkpoint.location, checkpoint.engine).where(checkpoint.project_id.not_in(but_of))
    for location, engine in db.execute(query):
        words = (location, *_words(engine or {}))
        names |= {os.path.expanduser(word) for word in words if 0 < len(word) < LONGEST and "\0" not in word}
    for name in sorted(names):
        place = str(folder / name)
        with suppress(RondoError, OSError):
            if _weights.is_adapter(place):
                names.add(_weights.base_of(place))
    return {Path(os.path.realpath(folder / name)) for name in names}


def is_named(place: Path, kept: Collection[Path]) -> bool:
    """Whether a checkpoint needs this folder: it lies in it, around it, or is it."""
    real = Path(os.path.realpath(place))
    return any(path.is_relative_to(real) or real.is_relative_to(path) for path in kept)


def size_of(place: Path) -> int:
    """Bytes of a file, or of all files below a folder; links are not followed."""
    if place.is_symlink() or not place.is_dir():
        return place.lstat().st_size if os.path.lexists(place) else 0
    return sum(size for base, _, files in os.walk(place) for name in files if (size := _size(Path(base, name))))


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:  # it was deleted just now
        return 0


def _words(value: object) -> Iterator[str]:
    """All texts in an engine and those inside it: any may be a folder."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _words(part)
