"""Which project a model folder belongs to: models of all projects lie in the data folder, and a path gives no
access."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.engines import _weights
from backend.errors import InvalidInput, PermissionDenied
from backend.pipeline import merge, train
from backend.services.access import Actor


def check(db: Session, actor: Actor, project_id: int, location: str) -> None:
    """Raise `PermissionDenied` where the model, a file of it or its base belongs to another project.

    What a round trained is its project's and nobody else's. A folder that somebody put there belongs to the projects
    that registered it first; an owner of the installation may register it in others.
    """
    located = Path(_weights.locate(location.strip()))
    if not located.is_dir():
        return
    folders = [located]
    if _weights.is_adapter(str(located)) and (base := Path(_weights.base_of(str(located)))).is_dir():
        folders.append(base)
    for path in {path for folder in folders for path in _reached(folder)}:
        if _is_being_written(path):
            raise InvalidInput(f"The model folder {location} is being written. Choose one that is whole.")
        if _is_of_others(db, project_id, path, is_owner=actor.is_owner):
            raise PermissionDenied(
                f"The model folder {location} belongs to another project of this installation, or reads from a folder "
                "that does. Register a folder of your own, or ask an owner of the installation for a copy of it."
            )


def _reached(folder: Path) -> Iterator[Path]:
    """Where the folder and its files really lie, relative to the data folder, as far as that is inside."""
    home = settings().folder
    for path in (folder, *folder.iterdir()):
        resolved = path.resolve()
        if resolved.is_relative_to(home):
            yield resolved.relative_to(home)


def _is_of_others(db: Session, project_id: int, path: Path, *, is_owner: bool) -> bool:
    if (number := _round_of(path)) is not None:
        # The folder of a round that was deleted belongs to no project.
        project = tables.Project
        # A round in the trash is still its project's.
        whose = select(func.coalesce(project.trash_of_id, project.id)).join(
            tables.Round, tables.Round.project_id == project.id
        )
        return db.scalar(whose.where(tables.Round.id == number)) != project_id
    if (job_id := _merge_of(path)) is not None:
        job = db.get(tables.Job, job_id)
        if job is None:  # belongs to no project, as the folder of a round that was deleted
            return True
        if job.spec.get("kind") == merge.KIND:
            return job.project_id != project_id
    checkpoint = tables.Checkpoint
    project_ids = db.scalars(select(checkpoint.project_id).where(checkpoint.location.in_(_upwards(path)))).all()
    return bool(project_ids) and not is_owner and project_id not in project_ids


def _round_of(path: Path) -> int | None:
    """The round whose training writes there."""
    match = train.OF_ROUND.fullmatch(_below_checkpoints(path))
    return int(match[1]) if match else None


def _merge_of(path: Path) -> int | None:
    """The job whose merge writes there."""
    match = merge.OF_JOB.fullmatch(_below_checkpoints(path))
    return int(match[1]) if match else None


def _is_being_written(path: Path) -> bool:
    return _below_checkpoints(path).startswith(".")


def _below_checkpoints(path: Path) -> str:
    """The name of the folder of a training or a merge; empty for a path elsewhere."""
    return path.parts[1] if len(path.parts) > 1 and path.is_relative_to(train.FOLDER) else ""


def _upwards(path: Path) -> list[str]:
    """The path and the folders it lies in, as locations are stored."""
    return [str(folder) for folder in (path, *path.parents) if folder != Path()]
