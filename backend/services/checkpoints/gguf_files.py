"""A checkpoint as a GGUF file: asked for here, written by a worker, downloaded within a week."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend import jobs, shared_files
from backend.db import now, reading, session, tables
from backend.engines import _gguf, _weights
from backend.engines._wrapper import in_words, innermost, is_wrapper
from backend.errors import Conflict, InvalidInput, NotFound
from backend.pipeline.bind import engine_json, lies_elsewhere
from backend.pipeline.gguf import KEPT_DAYS, KIND, path_of
from backend.services import events
from backend.services.access import Actor, require_row
from backend.services.checkpoints import model_checks
from backend.values import JSON, SCORER, JobStatus, Role, Stage

OUTTYPE = "f16"


@dataclass(frozen=True)
class GgufFile:
    """A GGUF file of a checkpoint, and how far it is. It is there while `is_ready`, until `expires_at`.

    by: what wrote it, llama.cpp's `convert_hf_to_gguf.py` or Rondo's exporter.
    """

    job_id: int
    checkpoint_id: int
    name: str
    outtype: str
    status: JobStatus
    by: str
    num_bytes: int | None
    sha256: str | None
    error: str | None
    is_ready: bool
    expires_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, checkpoint_id: int, outtype: str = OUTTYPE) -> int:
    """Have a worker write a checkpoint, an adapter merged into its base, as a GGUF file; return the job's id.

    Raises `InvalidInput` for what cannot be written so, `MissingPrerequisite`, and `Conflict` while one is written.
    """
    with reading() as db:
        _refuse_others(model_checks.find(db, actor, checkpoint_id), outtype)  # reads files: not while others write
    with session() as db:
        row = model_checks.find(db, actor, checkpoint_id)
        db.refresh(row, with_for_update=True)  # one file of it at a time
        if busy := at_work(db, row.id):
            raise Conflict(f"{busy} and writes {row.name} already. Wait for its end, or cancel it.")
        spec = {"kind": KIND, "checkpoint_id": row.id, "name": _name_of(row.name, outtype), "outtype": outtype}
        spec["created_at"] = row.created_at.isoformat()
        job = jobs.enqueue(db, stage=Stage.train, project_id=row.project_id, spec=spec, created_by=actor.user_id)
        what: JSON = {"checkpoint_id": row.id, "job_id": job.id, "outtype": outtype}
        events.note(db, actor, "write GGUF file", row.name, project_id=row.project_id, **what)
        return job.id


def can_write(row: tables.Checkpoint) -> bool:
    """Whether a checkpoint is a model that writes texts, or an adapter on one, with weights here."""
    served = innermost(row.engine)
    return not is_wrapper(row.engine) and served.get("name") == "transformers" and row.kind != SCORER


def get(actor: Actor, job_id: int) -> GgufFile:
    """A file that was asked for; raises `NotFound`."""
    with reading() as db:
        return _view(_find(db, actor, job_id, Role.viewer))


def file_of(actor: Actor, job_id: int) -> tuple[Path, str]:
    """The file and what it is called; raises `Conflict` while it is written, `NotFound` where it is not there."""
    with session() as db:
        job = _find(db, actor, job_id, Role.curator)
        view = _view(job)
        if not view.is_over:
            raise Conflict(f"The file of job {job_id} is not written yet. Ask again when its status is done.")
        if not view.is_ready:
            raise NotFound(_gone(job_id))
        what: JSON = {"checkpoint_id": view.checkpoint_id, "job_id": job_id}
        events.note(db, actor, "download GGUF file", view.name, project_id=job.project_id, **what)
    if not shared_files.bring(path_of(job_id)):
        raise NotFound(_gone(job_id))
    return path_of(job_id), view.name


def place_of(view: GgufFile) -> Path:
    """Where its file lies on the server's disk, or will."""
    return path_of(view.job_id)


def newest(db: Session, checkpoint: tables.Checkpoint) -> GgufFile | None:
    """The last file of a checkpoint that was asked for; None without one."""
    job = tables.Job
    of_this = job.spec["created_at"].as_string() == checkpoint.created_at.isoformat()  # ids of deleted rows are reused
    query = select(job).where(job.project_id == checkpoint.project_id, *_writes(checkpoint.id), of_this)
    last = db.scalar(query.order_by(job.id.desc()).limit(1))
    return _view(last) if last is not None else None


def at_work(db: Session, checkpoint_id: int) -> str:
    """In words, the job that writes a file of a checkpoint; empty where none does."""
    job = tables.Job
    job_id = db.scalar(select(job.id).where(job.status.in_(jobs.ACTIVE), *_writes(checkpoint_id)).limit(1))
    return "" if job_id is None else f"Job {job_id} is at work"


def _find(db: Session, actor: Actor, job_id: int, role: Role) -> tables.Job:
    missing = f"There is no GGUF file {job_id} here. Write it again."
    job = require_row(db, actor, db.get(tables.Job, job_id), role, missing)
    if job.spec.get("kind") != KIND:
        raise NotFound(missing)
    return job


def _writes(checkpoint_id: int) -> tuple[ColumnElement[bool], ...]:
    job = tables.Job
    return (
        job.round_id.is_(None),
        job.stage == Stage.train,
        job.spec["kind"].as_string() == KIND,
        job.spec["checkpoint_id"].as_integer() == checkpoint_id,
    )


def _gone(job_id: int) -> str:
    return f"The file of job {job_id} is not here: files go after {KEPT_DAYS} days. Write it again."


def _is_kept(job: tables.Job) -> bool:
    """Whether its file is here, or may be fetched from where machines share files; a page asks nobody for it."""
    if job.finished_at is None or job.finished_at <= now() - timedelta(days=KEPT_DAYS):
        return False
    is_shared = shared_files.store() is not None and job.spec.get("result", {}).get("is_shared", False)
    return path_of(job.id).is_file() or is_shared


def _view(job: tables.Job) -> GgufFile:
    spec, result = job.spec, job.spec.get("result", {})
    return GgufFile(
        job.id,
        spec["checkpoint_id"],
        spec["name"],
        spec["outtype"],
        job.status,
        result.get("by", ""),
        result.get("num_bytes"),
        result.get("sha256"),
        job.error,
        job.status is JobStatus.done and _is_kept(job),
        job.finished_at + timedelta(days=KEPT_DAYS) if job.finished_at is not None else None,
    )


def _refuse_others(row: tables.Checkpoint, outtype: str) -> None:
    if is_wrapper(row.engine):
        raise InvalidInput(
            f"{row.name} is a way to use a model ({in_words(row.engine)}). Write the checkpoint inside as a file."
        )
    if not can_write(row):
        what = "a scorer, which writes no texts" if row.kind == SCORER else "served by others, without weights here"
        raise InvalidInput(f"{row.name} is {what}, so there is no GGUF file of it. Choose another checkpoint.")
    if lies_elsewhere(row.engine):
        return  # the worker that fetches it looks
    data = innermost(engine_json(row))
    located = _weights.locate(data["model"])
    if data.get("adapter"):
        _weights.check_adapter(_weights.locate(data["adapter"]))
    _gguf.check(located, outtype, is_first_merged=bool(data.get("adapter")))


def _name_of(name: str, outtype: str) -> str:
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.')[:80] or 'checkpoint'}-{outtype}.gguf"
