"""Exports of samples that are written in the background: started, followed, downloaded, forgotten after a week."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import jobs, row_files, shared_files
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound, RondoError, TooManyAttempts
from backend.jobs import JobProgress
from backend.pipeline import export_places
from backend.pipeline.export_places import KEPT_DAYS
from backend.pipeline.stage import Finish
from backend.row_files import Format
from backend.services import events
from backend.services.access import Actor, require
from backend.services.samples import exports, visibility
from backend.services.samples.exports import ExportRequest
from backend.services.samples.visibility import Hidden
from backend.values import JSON, JobStatus, Role, Stage

KIND = "export"
"""As `stage_process` calls it, which must not load this to start."""
MAX_WAITING = 3
"""Exports that one person may have in the queue at once."""
LOOKED_AT = 20
"""The newest exports among which one with a file is looked for."""


@dataclass(frozen=True)
class SampleExport:
    """An export in the background. Its file is there while `is_ready`, until `expires_at`."""

    job_id: int
    project_id: int
    format: Format
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


def start(actor: Actor, project_id: int, wanted: ExportRequest) -> int:
    """Have a worker write an export of any size; return the job's id.

    What the person may see counts as it is when the job runs. Raises `PermissionDenied` for a filter by what is hidden
    now, and `TooManyAttempts`.
    """
    name = exports.name_of(actor, project_id, wanted)
    with session() as db:
        require(db, actor, project_id, Role.viewer)
        for round_ in exports.rounds_of(db, project_id, wanted.round_ids):
            kept = visibility.hidden(db, actor, round_)
            visibility.refuse(actor, kept, wanted.filters, wanted.sort)
            visibility.narrowed(kept, round_, wanted.filters)
        refuse_too_many(db, actor)
        spec: JSON = {"kind": KIND, "asked": wanted.to_json(), "name": name, "via": actor.via}
        whose: dict[str, Any] = {"project_id": project_id, "created_by": actor.user_id}
        job_id = jobs.enqueue(db, stage=Stage.select, queue=jobs.EXPORT, spec=spec, **whose).id
        events.note(db, actor, "start export", name, project_id=project_id, job_id=job_id, format=wanted.format)
        return job_id


def refuse_too_many(db: Session, actor: Actor) -> None:
    """One person does not fill the queue."""
    job = tables.Job
    is_mine = (job.created_by == actor.user_id, job.spec["kind"].as_string() == KIND)
    waiting = db.scalar(select(func.count()).where(*is_mine, job.status.in_(jobs.ACTIVE))) or 0
    if waiting >= MAX_WAITING:
        raise TooManyAttempts(f"{MAX_WAITING} exports of yours are under way. Wait for one of them.")


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the file, for whoever asked, as far as they may see it now. Begun again, it is written anew."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        user = db.get(tables.User, job.created_by) if job.created_by is not None else None
    if user is None:
        raise NotFound("Whoever asked for this export has no account any more. There is nothing left to do for it.")
    actor = Actor(user.id, user.name, user.is_owner, job.spec.get("via", "page"))
    wanted = ExportRequest.of(job.spec["asked"])
    export_places.forget_old()
    path = path_of(job_id, wanted.format)
    row_files.forget_parts(path)
    done = exports.write(
        actor,
        job.project_id,
        wanted,
        path,
        begin=lambda total: progress.start(total, "samples"),
        advance=progress.advance,
    )
    shared_files.share(path)
    is_shared = shared_files.store() is not None
    hidden = {str(round_id): [kept.judge, kept.others] for round_id, kept in done.hidden.items()}
    result: JSON = {"num_rows": done.num_rows, "num_bytes": done.num_bytes, "hidden": hidden, "is_shared": is_shared}

    def finish(db: Session) -> None:
        row = db.get_one(tables.Job, job_id)
        row.spec = row.spec | {"result": result}
        exports.note(db, actor, job.project_id, wanted, done.num_rows)

    return finish


def get(actor: Actor, job_id: int) -> SampleExport:
    """An export that the actor asked for."""
    with reading() as db:
        return view(db, actor, find(db, actor, job_id))


def cancel(actor: Actor, job_id: int) -> None:
    """Stop an export that the actor asked for; raises `Conflict` where it is over."""
    with session() as db:
        job = find(db, actor, job_id)
        jobs.cancel(db, job_id)
        events.note(db, actor, "cancel export", job.spec["name"], project_id=job.project_id, job_id=job_id)


def newest(actor: Actor, project_id: int) -> SampleExport | None:
    """What the actor asked for last in the project: under way, failed, or ready; else the last that is ready."""
    job = tables.Job
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        mine = (job.project_id == project_id, job.created_by == actor.user_id, job.spec["kind"].as_string() == KIND)
        rows = db.scalars(select(job).where(*mine).order_by(job.id.desc()).limit(LOOKED_AT))
        views = [view(db, actor, row) for row in rows]
    first = [export for export in views[:1] if not export.is_over or export.status is JobStatus.failed]
    return next(iter([*first, *(export for export in views if export.is_ready)]), None)


def file_of(actor: Actor, job_id: int) -> tuple[Path, str]:
    """The written file and what it is called; raises `NotFound`, and `Conflict` where it is not there to take.

    A round may be reviewed again since: what is hidden from the person now is not taken from a file of before.
    """
    with session() as db:
        job = find(db, actor, job_id)
        if (kept_back := why_not(db, actor, job)) is not None:
            raise kept_back
        name = job.spec["name"]
        events.note(db, actor, "download export", name, project_id=job.project_id, job_id=job_id)
        path = path_of(job_id, job.spec["asked"]["format"])
    if not shared_files.bring(path):
        raise gone(job_id)
    return path, name


def why_not(db: Session, actor: Actor, job: tables.Job) -> RondoError | None:
    """Why the actor gets no file of it now; None where they do."""
    if job.status in jobs.ACTIVE:
        return Conflict(f"Export {job.id} is not written yet. Ask again when its status is done.")
    if job.status is not JobStatus.done or not is_kept(job):
        return gone(job.id)
    for number, was in job.spec["result"]["hidden"].items():
        round_ = db.get(tables.Round, int(number))
        if round_ is None:
            return NotFound(f"Export {job.id} holds samples of a round that is gone. Export again.")
        if round_.project_id != job.project_id:
            return NotFound(
                f"Export {job.id} holds samples of round {round_.number}, which is in the trash. Bring that back on "
                "the page /projects, or export again."
            )
        if hides_more(visibility.hidden(db, actor, round_), Hidden(*was)):
            return Conflict(
                f"Round {round_.number} is reviewed again, and this file holds what is hidden until that is over. "
                "Export again."
            )
    return None


def is_kept(job: tables.Job) -> bool:
    """Whether its file is here, or is one that may be fetched: nobody is asked over the network for a page."""
    if path_of(job.id, job.spec["asked"]["format"]).exists():
        return True
    is_young = job.finished_at is not None and job.finished_at > now() - timedelta(days=KEPT_DAYS)
    return is_young and shared_files.store() is not None and job.spec.get("result", {}).get("is_shared", False)


def gone(job_id: int) -> NotFound:
    """What is said of an export whose file is nowhere."""
    return NotFound(f"The file of export {job_id} is not here: files go after {KEPT_DAYS} days. Export again.")


def hides_more(now: Hidden, then: Hidden) -> bool:
    return (now.judge and not then.judge) or (now.others and not then.others)


def find(db: Session, actor: Actor, job_id: int) -> tables.Job:
    """The job, if it is an export that the actor asked for."""
    job = db.get(tables.Job, job_id)
    if job is None or job.spec.get("kind") != KIND or job.created_by != actor.user_id:
        raise NotFound(f"There is no export {job_id} of yours. Start it again.")
    require(db, actor, job.project_id, Role.viewer)
    return job


def view(db: Session, actor: Actor, job: tables.Job) -> SampleExport:
    """What the actor is told of it. The error of one that is done says why its file is not handed out."""
    result, format = job.spec.get("result", {}), job.spec["asked"]["format"]
    kept_back = why_not(db, actor, job)
    is_done = job.status is JobStatus.done
    return SampleExport(
        job.id,
        job.project_id,
        format,
        job.spec["name"],
        job.status,
        job.done,
        job.total,
        result.get("num_rows"),
        result.get("num_bytes"),
        kept_back.message if is_done and kept_back is not None else job.error,
        kept_back is None,
        job.finished_at + timedelta(days=KEPT_DAYS) if job.finished_at is not None else None,
    )


def path_of(job_id: int, format: Format) -> Path:
    return export_places.folder() / f"samples-{job_id}.{format}"
