"""Exports that a worker writes: started, followed, cancelled, downloaded, deleted after `KEPT_DAYS` days.

An export is seen by the person who started it, and by nobody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs, shared_files, whole_files
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound, RondoError
from backend.pipeline import export_places
from backend.pipeline.export_places import KEPT_DAYS
from backend.row_files import Format
from backend.services import events, file_jobs
from backend.services.access import Actor, require
from backend.values import JSON, JobStatus, Role

LOOKED_AT = 20
"""The newest exports among which one with a file is looked for."""


def _nothing_refuses(db: Session, actor: Actor, job: tables.Job) -> RondoError | None:
    return None


@dataclass(frozen=True)
class ExportKind:
    """What exports of one kind differ by.

    kind: `stage_process` has its own copy, so that it starts without importing the module that writes.
    prefix: what the names of their files begin with; `export_places` deletes by it.
    refusal: why the actor gets no file of a job that is done and whose file is there; None where they do.
    """

    kind: str
    prefix: str
    refusal: Callable[[Session, Actor, tables.Job], RondoError | None] = _nothing_refuses


@dataclass(frozen=True)
class FileExport:
    """An export by a worker. Its file is there while `is_ready`, until `expires_at`. The error of one that is done says
    why its file is not handed out."""

    job_id: int
    name: str
    status: JobStatus
    done: int
    total: int
    num_rows: int | None
    num_bytes: int | None
    error: str | None
    is_ready: bool
    expires_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


class ExportService(Protocol):
    """A module that exports by a worker, as routes and pages use it."""

    def get(self, actor: Actor, job_id: int) -> Any:
        """The export, if the actor started it: a `FileExport`."""

    def cancel(self, actor: Actor, job_id: int) -> None:
        """Stop it."""

    def file_of(self, actor: Actor, job_id: int) -> tuple[Path, str]:
        """The written file and what it is called."""


def start(db: Session, actor: Actor, project_id: int, kind: ExportKind, name: str, spec: JSON, **noted: Any) -> int:
    """Enqueue an export and return the job's id; raises `TooManyAttempts`.

    name: what the file is called where it is downloaded. spec: `asked`, with the format, and what else the job reads.
    noted: what the audit trail holds of it besides.
    """
    file_jobs.refuse_too_many(db, actor, kind.kind, "exports")
    job_id = file_jobs.enqueue(db, actor, project_id, kind.kind, spec | {"name": name})
    events.note(db, actor, "start export", name, project_id=project_id, job_id=job_id, **noted)
    return job_id


@contextmanager
def written_file(kind: ExportKind, job_id: int, format: Format) -> Iterator[Path]:
    """The file that the block writes for a job; other machines get it, too. What an attempt before left is deleted."""
    export_places.forget_old()
    path = path_of(kind, job_id, format)
    whole_files.forget_parts(path)
    yield path
    shared_files.share(path)


def keep_result(db: Session, job_id: int, num_rows: int, num_bytes: int, **more: Any) -> None:
    """Keep with the job what it wrote, in the transaction that ends it."""
    is_shared = shared_files.store() is not None
    row = db.get_one(tables.Job, job_id)
    row.spec = row.spec | {"result": {"num_rows": num_rows, "num_bytes": num_bytes, "is_shared": is_shared} | more}


def cancel(actor: Actor, kind: ExportKind, job_id: int) -> None:
    """Stop an export that the actor started; raises `Conflict` where it is over."""
    with session() as db:
        job = find(db, actor, kind, job_id)
        jobs.cancel(db, job_id)
        events.note(db, actor, "cancel export", job.spec["name"], project_id=job.project_id, job_id=job_id)


def newest(db: Session, actor: Actor, project_id: int, kind: ExportKind, *where: Any) -> tables.Job | None:
    """What the actor started last in the project: under way, failed, or ready; else the last that is ready.

    where: more conditions of jobs.
    """
    job = tables.Job
    query = select(job).where(job.project_id == project_id, *file_jobs.is_mine(actor, kind.kind), *where)
    rows = db.scalars(query.order_by(job.id.desc()).limit(LOOKED_AT)).all()
    if rows and rows[0].status in (*jobs.ACTIVE, JobStatus.failed):
        return rows[0]
    return next((row for row in rows if why_not(db, actor, kind, row) is None), None)


def file_of(
    actor: Actor, kind: ExportKind, job_id: int, check: Callable[[tables.Job], None] = lambda job: None
) -> tuple[Path, str]:
    """The written file and what it is called; raises `NotFound`, and `Conflict` where it is not there to take.

    check: called with the job as it was read, once it is done and its file is there; may raise, too.
    """
    with reading() as db:
        job = find(db, actor, kind, job_id)
        if (refused := why_not(db, actor, kind, job)) is not None:
            raise refused
        path, name, project_id = path_of(kind, job_id, job.spec["asked"]["format"]), job.spec["name"], job.project_id
    check(job)
    if not shared_files.bring(path):
        raise _gone(job_id)
    with session() as db:
        events.note(db, actor, "download export", name, project_id=project_id, job_id=job_id)
    return path, name


def find(db: Session, actor: Actor, kind: ExportKind, job_id: int) -> tables.Job:
    """The job, if it is an export of this kind that the actor started; raises `NotFound`."""
    job = db.get(tables.Job, job_id)
    if job is None or job.spec.get("kind") != kind.kind or job.created_by != actor.user_id:
        raise NotFound(f"There is no export {job_id} of yours. Start it again.")
    require(db, actor, job.project_id, Role.viewer)
    return job


def why_not(db: Session, actor: Actor, kind: ExportKind, job: tables.Job) -> RondoError | None:
    """Why the actor gets no file of it now; None where they do."""
    if job.status in jobs.ACTIVE:
        return Conflict(f"Export {job.id} is not written yet. Ask again when its status is done.")
    if job.status is not JobStatus.done or not _is_kept(kind, job):
        return _gone(job.id)
    return kind.refusal(db, actor, job)


def fields(db: Session, actor: Actor, kind: ExportKind, job: tables.Job) -> dict[str, Any]:
    """The fields of `FileExport` and the format, by name."""
    result, refused = job.spec.get("result", {}), why_not(db, actor, kind, job)
    return {
        "job_id": job.id,
        "format": job.spec["asked"]["format"],
        "name": job.spec["name"],
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "num_rows": result.get("num_rows"),
        "num_bytes": result.get("num_bytes"),
        "error": refused.message if job.status is JobStatus.done and refused is not None else job.error,
        "is_ready": refused is None,
        "expires_at": _expires_at(job),
    }


def path_of(kind: ExportKind, job_id: int, format: Format) -> Path:
    return export_places.folder() / f"{kind.prefix}-{job_id}.{format}"


def _expires_at(job: tables.Job) -> datetime | None:
    return job.finished_at + timedelta(days=KEPT_DAYS) if job.finished_at is not None else None


def _is_kept(kind: ExportKind, job: tables.Job) -> bool:
    """Whether its time is not over, and its file is here or may be fetched: no page waits for the network."""
    ends = _expires_at(job)
    if ends is None or ends <= now():
        return False
    if path_of(kind, job.id, job.spec["asked"]["format"]).exists():
        return True
    return shared_files.store() is not None and job.spec.get("result", {}).get("is_shared", False)


def _gone(job_id: int) -> NotFound:
    return NotFound(f"The file of export {job_id} is not here: files go after {KEPT_DAYS} days. Export again.")
