"""A push as a job: asked for by an owner, done by a worker, written down with its commit."""

import re
import shutil
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.services import archived, events, file_jobs
from backend.services.access import Actor, require, require_owner, require_row
from backend.services.datasets import gate
from backend.services.datasets.export_result import Format
from backend.services.hub import files, uploading
from backend.services.hub.files import FoundRows
from backend.values import JSON, PUSH, JobStatus, Role

REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
What = Literal["checkpoint", "dataset"]
KINDS: dict[str, uploading.Kind] = {"checkpoint": "model", "dataset": "dataset"}
TABLES: dict[str, type[Any]] = {"checkpoint": tables.Checkpoint, "dataset": tables.Dataset}


@dataclass(frozen=True)
class Push:
    """A push, and how far it is. `url` and `commit` are there once the hub has all of it."""

    job_id: int
    what: What
    id: int
    repo: str
    hub: str
    """The hub's address."""
    is_private: bool
    status: JobStatus
    done: int
    total: int
    url: str | None
    commit: str | None
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def push_checkpoint(actor: Actor, checkpoint_id: int, repo: str, *, is_private: bool = True) -> int:
    """Have a worker push a checkpoint's weights and card to the hub; return the job's id. For owners alone."""
    with reading() as db:
        files.refuse_soon(_find(db, actor, "checkpoint", checkpoint_id))  # reads files: not while others wait
    with session() as db:
        row = _find(db, actor, "checkpoint", checkpoint_id)
        return _enqueue(db, actor, row, row.name, "checkpoint", repo, {"is_private": is_private})


def push_dataset(
    actor: Actor,
    dataset_id: int,
    repo: str,
    *,
    is_private: bool = True,
    format: Format = "parquet",
    found_rows: FoundRows = "refuse",
    reason: str = "",
) -> int:
    """Have a worker push a frozen dataset's rows and card to the hub; return the job's id. For owners alone.

    found_rows: what becomes of rows that a check finds: the push is refused, or it leaves them out, or
    masks what a content scan found in them, or sends them, too: of what a scan found with a `reason`, which stands on
    the card. A dataset that was not scanned is scanned first.
    """
    if format not in ("jsonl", "parquet"):
        raise InvalidInput(f"There is no export format {format!r}. Choose jsonl or parquet.")
    if found_rows not in get_args(FoundRows):
        raise InvalidInput(
            f"{found_rows!r} says nothing of rows that are found. Choose refuse, leave_out, mask or keep."
        )
    with session() as db:
        row = _find(db, actor, "dataset", dataset_id)
        archived.refuse_held(db, row.round_id, even_in_trash=True)  # the dataset stays frozen
        knobs = {"is_private": is_private, "format": format, "found_rows": found_rows, "reason": reason}
        handling = None if found_rows == "refuse" else found_rows
        passes = gate.read(db, actor, row, handling=handling, reason=reason, asks=True, may_lack=True)
        if passes.lacks_reason:
            raise InvalidInput("The reason is empty. Say why rows may leave in which the scan finds something.")
        return _enqueue(db, actor, row, f"dataset {row.id}", "dataset", repo, knobs)


def get(actor: Actor, job_id: int) -> Push:
    """Return a push; raises `NotFound`."""
    missing = f"There is no push {job_id} here. Start it again."
    with reading() as db:
        query = select(tables.Job).where(tables.Job.id == job_id, tables.Job.spec["kind"].as_string() == PUSH)
        job = require_row(db, actor, db.scalar(query), Role.viewer, missing)
        return _view(job)


def newest(actor: Actor, project_id: int, what: What, id_: int) -> Push | None:
    """The last push of a checkpoint or dataset; None without one."""
    job = tables.Job
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        row = db.get(TABLES[what], id_)
        if row is None or row.project_id != project_id:
            return None
        newest_job = db.scalar(select(job).where(*_of(row, what)).order_by(job.id.desc()).limit(1))
        return _view(newest_job) if newest_job is not None else None


def run(job_id: int, progress: JobProgress) -> Finish:
    """Send it, and write down the commit. A restarted job sends what the hub lacks."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        actor = file_jobs.starter(db, job, "push")
    spec = job.spec
    with reading() as db:
        row = _find(db, actor, spec["what"], spec["id"])
    if row.created_at.isoformat() != spec["created_at"]:  # ids of deleted rows are reused
        raise NotFound(f"{spec['subject']} was deleted, and another one has its id. Push that one from its own page.")
    counts: JSON = {}
    part = files.folder_for(job_id)
    try:
        if isinstance(row, tables.Checkpoint):
            sent = files.of_checkpoint(actor, row, part)
        else:
            sent, counts = files.of_dataset(
                actor, row.id, spec["format"], spec["found_rows"], part, spec.get("reason", "")
            )
        progress.start(len(sent), "files")
        pushed = uploading.push(
            spec["repo"],
            KINDS[spec["what"]],
            sent,
            hub=spec["hub"],
            stale=files.SENT if spec["what"] == "checkpoint" else files.ROWS,
            is_private=spec["is_private"],
            message=f"{spec['subject']}, by Rondo",
            after_each=lambda: progress.advance(1),
        )
    finally:
        shutil.rmtree(part, ignore_errors=True)

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {"pushed": {"url": pushed.url, "commit": pushed.commit} | counts}
        if spec["what"] == "checkpoint" and (checkpoint := db.get(tables.Checkpoint, spec["id"])) is not None:
            record = {"repo": spec["repo"], "commit": pushed.commit, "at": f"{now():%Y-%m-%d %H:%M} UTC"}
            checkpoint.details = checkpoint.details | {"pushed": [*checkpoint.details.get("pushed", []), record]}
        what = {"job_id": job_id, "repo": spec["repo"], "hub": spec["hub"], "commit": pushed.commit} | counts
        events.note(db, actor, f"push {spec['what']}", spec["subject"], project_id=job.project_id, **what)

    return finish


def _find(db: Session, actor: Actor, what: str, id_: int) -> Any:
    """The row, for an owner of the installation; raises `PermissionDenied`, `NotFound`."""
    require_owner(db, actor)
    row = db.get(TABLES[what], id_)
    if row is None:
        raise NotFound(f"There is no {what} {id_}. Choose one from the list.")
    require(db, actor, row.project_id, Role.viewer)
    return row


def _enqueue(db: Session, actor: Actor, row: Any, subject: str, what: What, repo: str, knobs: JSON) -> int:
    repo = repo.strip()
    if not REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise InvalidInput(f"{repo!r} is no name of a repository. Write it as `name/repository`.")
    db.refresh(row, with_for_update=True)  # one push of it at a time
    job = tables.Job
    busy = db.scalar(select(job.id).where(*_of(row, what), job.status.in_(jobs.ACTIVE)).limit(1))
    if busy is not None:
        raise Conflict(f"Job {busy} pushes {subject} already. Wait for its end, or cancel it.")
    spec: JSON = {"what": what, "id": row.id, "created_at": row.created_at.isoformat()}
    spec |= {"subject": subject, "repo": repo, "hub": settings().hub_address} | knobs
    job_id = file_jobs.enqueue(db, actor, row.project_id, PUSH, spec)
    asked: JSON = {"job_id": job_id, "repo": repo, "hub": spec["hub"]}
    events.note(db, actor, f"start push of {what}", subject, project_id=row.project_id, **asked)
    return job_id


def _of(row: Any, what: str) -> tuple[Any, ...]:
    job = tables.Job
    is_push = (job.project_id == row.project_id, job.round_id.is_(None), job.spec["kind"].as_string() == PUSH)
    is_of_this = (job.spec["what"].as_string() == what, job.spec["id"].as_integer() == row.id)
    return (*is_push, *is_of_this, job.spec["created_at"].as_string() == row.created_at.isoformat())


def _view(job: tables.Job) -> Push:
    spec = job.spec
    pushed = spec.get("pushed", {})
    return Push(
        job.id,
        spec["what"],
        spec["id"],
        spec["repo"],
        spec["hub"],
        spec["is_private"],
        job.status,
        job.done,
        job.total,
        pushed.get("url"),
        pushed.get("commit"),
        job.error,
    )
