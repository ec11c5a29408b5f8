"""What a project or a round holds, in rows and in files, and the files that are its own.

Its own are the folders in which its rounds trained and what its jobs printed. A model that somebody put into the data
folder and registered is not Rondo's to delete.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import reading, tables
from backend.db.many import among
from backend.pipeline.train import FOLDER
from backend.services.projects.uses import made_by
from backend.values import JSON

JOBS = "jobs"
REPORTS = "reports"
LONGEST = 4_096
"""Characters of a path; a longer text is none."""


@dataclass(frozen=True)
class Holdings:
    """What goes with a project or a round. `loses`: what others lose with it, as sentences."""

    rounds: int
    samples: int
    decisions: int
    checkpoints: int
    num_bytes: int
    loses: tuple[str, ...] = ()


def of_projects(db: Session, project_ids: Sequence[int]) -> Holdings:
    """What these projects hold."""
    rounds = db.scalars(select(tables.Round.id).where(tables.Round.project_id.in_(project_ids))).all()
    where = tables.Checkpoint.project_id.in_(project_ids)
    checkpoints = db.scalar(select(func.count()).select_from(tables.Checkpoint).where(where)) or 0
    return _contents(db, rounds, checkpoints, places(db, project_ids))


def of_round(db: Session, round_: tables.Round) -> Holdings:
    """What a round holds."""
    metric, checkpoint, made = tables.Metric, tables.Checkpoint, made_by(db, round_)
    measured = select(checkpoint.name).join(metric, metric.checkpoint_id == checkpoint.id)
    measured = measured.where(metric.round_id == round_.id, checkpoint.id.not_in(made)).distinct()
    loses = tuple(
        f"The numbers of {name} were measured in this round. No round is compared with it any more."
        for name in db.scalars(measured.order_by(checkpoint.name))
    )
    jobs = db.scalars(select(tables.Job.id).where(tables.Job.round_id == round_.id)).all()
    return _contents(db, [round_.id], len(made), _places([round_.id], jobs, ()), loses)


def places(db: Session, project_ids: Sequence[int]) -> list[Path]:
    """The folders and files that are these projects' own, whether they are there or not."""
    rounds = db.scalars(select(tables.Round.id).where(tables.Round.project_id.in_(project_ids))).all()
    jobs = db.scalars(select(tables.Job.id).where(tables.Job.project_id.in_(project_ids))).all()
    sets = db.scalars(select(tables.PromptSet.id).where(tables.PromptSet.project_id.in_(project_ids))).all()
    return _places(rounds, jobs, sets)


def remove(found: Iterable[Path]) -> int:
    """Delete those that no checkpoint names, and return how many bytes that freed."""
    folder, freed = settings().folder, 0
    with reading() as db:
        kept = named(db)
    for place in found:
        if place.is_symlink() or not place.exists() or is_named(place, kept) or not place.is_relative_to(folder):
            continue
        freed += size_of(place)
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
    return freed


def named(db: Session) -> set[Path]:
    """The folders that checkpoints name, as they really lie."""
    folder = settings().folder
    found: set[str] = set()
    for location, engine in db.execute(select(tables.Checkpoint.location, tables.Checkpoint.engine)):
        found |= {os.path.expanduser(one) for one in (location, *_words(engine or {})) if 0 < len(one) < LONGEST}
    return {Path(os.path.realpath(folder / one)) for one in found if "\0" not in one}


def is_named(place: Path, kept: set[Path]) -> bool:
    """Whether a checkpoint needs this folder: it lies in it, around it, or is it."""
    real = Path(os.path.realpath(place))
    return any(one.is_relative_to(real) or real.is_relative_to(one) for one in kept)


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


def _words(engine: JSON) -> Iterator[str]:
    """All texts in an engine and those inside it: any may be a folder."""
    for value in engine.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _words(value)


def _places(rounds: Iterable[int], jobs: Iterable[int], sets: Iterable[int]) -> list[Path]:
    folder = settings().folder
    found = [place for number in rounds for place in sorted((folder / FOLDER).glob(f"round-{number}-*"))]
    found += [folder / JOBS / str(number) for number in jobs]
    return found + [place for number in sets for place in sorted((folder / REPORTS).glob(f"prompts-{number}.*"))]


def _contents(
    db: Session, rounds: Sequence[int], checkpoints: int, found: Iterable[Path], loses: tuple[str, ...] = ()
) -> Holdings:
    samples, decisions = (
        db.scalar(select(func.count()).select_from(table).where(among(table.round_id, rounds))) or 0
        for table in (tables.Sample, tables.Decision)
    )
    return Holdings(len(rounds), samples, decisions, checkpoints, sum(size_of(p) for p in found if p.exists()), loses)
