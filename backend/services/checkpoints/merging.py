"""Merging an adapter into the model below it: asked for here, done by a worker."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend import boundary, jobs
from backend.db import reading, session, tables
from backend.engines import _weights
from backend.engines._wrapper import in_words, innermost, is_wrapper
from backend.errors import Conflict, InvalidInput
from backend.pipeline.bind import engine_json, lies_elsewhere
from backend.pipeline.merge import KIND, LONGEST_NAME
from backend.services import events
from backend.services.access import Actor, require_row
from backend.services.checkpoints import model_checks
from backend.values import JSON, JobStatus, Role, Stage

SUFFIX = "-merged"


@dataclass(frozen=True)
class Merge:
    """An adapter that is merged, and how far that is. `merged_id`: the new checkpoint, while it is there."""

    job_id: int
    checkpoint_id: int
    name: str
    status: JobStatus
    merged_id: int | None
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, checkpoint_id: int, name: str = "") -> int:
    """Have a worker merge an adapter into the model below it; return the job's id. Without a name it gets one.

    Raises `InvalidInput` for a checkpoint that is no adapter, and `Conflict` while it is merged already.
    """
    with reading() as db:
        checkpoint = model_checks.find(db, actor, checkpoint_id)
    _refuse_others(checkpoint)  # reads files, which may have to be fetched
    with session() as db:
        row = model_checks.find(db, actor, checkpoint_id)
        db.refresh(row, with_for_update=True)  # one merge of it at a time
        if busy := at_work(db, row.id):
            raise Conflict(f"{busy} and merges {row.name} already. Wait for its end, or cancel it.")
        wanted = boundary.name(name, "A checkpoint's name") if name.strip() else _name_for(row.name)
        if name.strip() and _is_taken(db, row.project_id, wanted):
            raise Conflict(f"There is a checkpoint named {wanted!r} in this project already. Choose another name.")
        spec = {"kind": KIND, "checkpoint_id": row.id, "name": wanted, "created_at": row.created_at.isoformat()}
        job = jobs.enqueue(db, stage=Stage.train, project_id=row.project_id, spec=spec, created_by=actor.user_id)
        what: JSON = {"checkpoint_id": row.id, "job_id": job.id, "new_name": wanted}
        events.note(db, actor, "merge adapter", row.name, project_id=row.project_id, **what)
        return job.id


def can_merge(row: tables.Checkpoint) -> bool:
    """Whether a checkpoint is an adapter on a model."""
    return not is_wrapper(row.engine) and bool(row.engine.get("adapter"))


def get(actor: Actor, job_id: int) -> Merge:
    """Return a merge; raises `NotFound`."""
    missing = f"There is no merge {job_id} here. Start it again."
    with reading() as db:
        query = select(tables.Job).where(tables.Job.id == job_id, tables.Job.spec["kind"].as_string() == KIND)
        job = require_row(db, actor, db.scalar(query), Role.viewer, missing)
        return _view(db, job)


def newest(db: Session, checkpoint: tables.Checkpoint) -> Merge | None:
    """The last merge of a checkpoint that was asked for; None without one."""
    job = tables.Job
    of_this = job.spec["created_at"].as_string() == checkpoint.created_at.isoformat()  # ids of deleted rows are reused
    query = select(job).where(job.project_id == checkpoint.project_id, *_merges(checkpoint.id), of_this)
    newest_job = db.scalar(query.order_by(job.id.desc()).limit(1))
    return _view(db, newest_job) if newest_job is not None else None


def at_work(db: Session, checkpoint_id: int) -> str:
    """In words, the job that merges a checkpoint; empty where none does."""
    job = tables.Job
    job_id = db.scalar(select(job.id).where(job.status.in_(jobs.ACTIVE), *_merges(checkpoint_id)).limit(1))
    return "" if job_id is None else f"Job {job_id} is at work"


def _merges(checkpoint_id: int) -> tuple[ColumnElement[bool], ...]:
    job = tables.Job
    return (
        job.round_id.is_(None),
        job.stage == Stage.train,
        job.spec["kind"].as_string() == KIND,
        job.spec["checkpoint_id"].as_integer() == checkpoint_id,
    )


def _view(db: Session, job: tables.Job) -> Merge:
    spec = job.spec
    checkpoint = db.get(tables.Checkpoint, spec["merged_id"]) if "merged_id" in spec else None
    is_there = checkpoint is not None and checkpoint.details.get(KIND, {}).get("job_id") == job.id
    merged_id = spec["merged_id"] if is_there else None
    return Merge(job.id, spec["checkpoint_id"], spec["name"], job.status, merged_id, job.error)


def _refuse_others(row: tables.Checkpoint) -> None:
    if is_wrapper(row.engine):
        raise InvalidInput(
            f"{row.name} is a way to use a model ({in_words(row.engine)}), no adapter. Merge the checkpoint inside."
        )
    if not row.engine.get("adapter"):
        raise InvalidInput(f"{row.name} is no adapter: there is nothing to merge. Choose a checkpoint of that kind.")
    if lies_elsewhere(row.engine):
        return  # the worker that fetches it looks
    data = innermost(engine_json(row))
    _weights.locate(data["model"])
    _weights.check_adapter(_weights.locate(data["adapter"]))


def _name_for(name: str) -> str:
    return f"{name[: LONGEST_NAME - len(SUFFIX)]}{SUFFIX}"


def _is_taken(db: Session, project_id: int, name: str) -> bool:
    row = tables.Checkpoint
    return db.scalar(select(row.id).where(row.project_id == project_id, row.name == name)) is not None
