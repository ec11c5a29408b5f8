"""What people see of the jobs and may do with them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, reading, session, tables
from backend.recipes import Recipe
from backend.services import events
from backend.services.access import Actor, require, require_in, require_owner
from backend.services.rounds import job_steps
from backend.services.unfinished import import_lock
from backend.translations import gettext
from backend.values import JSON, PUSH, JobStatus, Role, Stage, WorkerOrder

PAGE = 50
CURVE_POINTS = 1000
WORKER_IS_SILENT_AFTER = timedelta(seconds=30)

# what every page that polls needs; the log and the traceback only where one job is open
COLUMNS = (
    tables.Job.id,
    tables.Job.project_id,
    tables.Job.round_id,
    tables.Job.stage,
    tables.Job.step,
    tables.Job.queue,
    tables.Job.status,
    tables.Job.attempt,
    tables.Job.executor_id,
    tables.Job.done,
    tables.Job.total,
    tables.Job.rate,
    tables.Job.unit,
    tables.Job.spec["kind"].as_string().label("kind"),
    tables.Job.last_metrics,
    tables.Job.error,
    tables.Job.is_final,
    (func.coalesce(jobs.newest_own(tables.Job.round_id), 0) > tables.Job.id).label("is_superseded"),
    tables.Job.created_at,
    tables.Job.started_at,
    tables.Job.finished_at,
    jobs.helper_count().label("helpers"),
    tables.Round.number,
    tables.User.name,
    tables.Job.spec["preview_id"].as_integer().label("preview_id"),
    tables.Job.spec[import_lock.AWAITED].label("awaited_import"),
)


@dataclass(frozen=True)
class JobView:
    """A job as it stands. `seconds_left` follows from the rate of the last batches; None when it cannot be said."""

    id: int
    project_id: int
    round_id: int | None
    round_number: int | None
    """None for a job outside rounds: a prompt tried on a checkpoint, a sample rewritten."""
    kind: str | None
    """What a job outside rounds is for: `try` a prompt, `repair` a sample, `preview` a round and others. In a round:
    `retry` what was left out, `tune` its knobs."""
    stage: Stage
    step: str
    """Which step of the recipe it runs, such as `step 4 of 9: judge read_score`; empty where the stage says it."""
    status: JobStatus
    attempt: int
    executor_id: str | None
    helpers: int
    """How many other workers do batches of it, or did."""
    done: int
    total: int
    unit: str
    rate: float | None
    seconds: float | None
    seconds_left: float | None
    last_metrics: JSON
    error: str | None
    is_final: bool
    """It failed in a way in which it would fail again."""
    is_superseded: bool
    """Its round went on with a newer job, which alone can be resumed."""
    waits_for: str
    """Why a queued job does not start, if no worker could take it; of a running one, the import that it waits for."""
    created_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    preview_id: int | None = None
    """The preview that it runs, of one of these."""

    @property
    def fraction(self) -> float:
        if self.status == JobStatus.done:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def can_cancel(self) -> bool:
        return self.status in jobs.ACTIVE

    @property
    def can_resume(self) -> bool:
        return self.status == JobStatus.cancelled and not self.is_final and not self.is_superseded

    @property
    def can_retry(self) -> bool:
        return self.status == JobStatus.failed and not self.is_final and not self.is_superseded


@dataclass(frozen=True)
class JobDetail:
    """One job with what its processes printed."""

    job: JobView
    log_tail: str
    traceback: str | None
    machine: JSON = field(default_factory=dict)
    """What its last attempt ended on: Python, platform, processor, GPUs, driver, CUDA, Rondo and its commit."""


def list_jobs(actor: Actor, project_id: int, *, limit: int = PAGE, before_id: int | None = None) -> list[JobView]:
    """Return a page of jobs, newest first; `before_id` is the last id of the page before."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = _query().where(tables.Job.project_id == project_id).order_by(tables.Job.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(tables.Job.id < before_id)
        rows = db.execute(query).all()
        known = job_steps.places_of(db, {row.round_id for row in rows if row.round_id is not None})
        listening = _queues_with_workers(db)
        return [_view(row, listening, known) for row in rows]


def get(actor: Actor, job_id: int) -> JobDetail:
    """Return one job with its log's tail."""
    with reading() as db:
        _require(db, actor, job_id, Role.viewer)
        row = db.execute(_query().where(tables.Job.id == job_id)).one()
        job = tables.Job
        columns = select(job.log_tail, job.traceback, job.machine).where(job.id == job_id)
        log_tail, traceback, machine = db.execute(columns).one()
        known = job_steps.places_of(db, [row.round_id] if row.round_id is not None else [])
        return JobDetail(_view(row, _queues_with_workers(db), known), log_tail, traceback, machine)


def curves(actor: Actor, job_id: int) -> dict[str, list[tuple[int, float]]]:
    """Return the job's curves by name as (step, value), thinned to what a chart can show."""
    point = tables.JobPoint
    with reading() as db:
        _require(db, actor, job_id, Role.viewer)
        by_name: dict[str, list[tuple[int, float]]] = {}
        query = select(point.name, point.step, point.value).where(point.job_id == job_id)
        for name, step, value in db.execute(query.order_by(point.name, point.step)):
            by_name.setdefault(name, []).append((step, value))
    return {name: thinned(points) for name, points in by_name.items()}


def cancel(actor: Actor, job_id: int) -> None:
    """Stop a queued or running job and its round. What it finished is kept."""
    with session() as db:
        _require(db, actor, job_id, Role.curator)
        jobs.cancel(db, job_id)
        _note(db, actor, "cancel job", job_id)


def resume(actor: Actor, job_id: int) -> None:
    """Queue a cancelled job again; it goes on with what is missing. A push needs an owner."""
    with session() as db:
        _require(db, actor, job_id, Role.curator)
        _refuse_push(db, actor, job_id)
        jobs.resume(db, job_id)
        _note(db, actor, "resume job", job_id)


def retry(actor: Actor, job_id: int) -> None:
    """Queue a failed job again; it goes on with what is missing. A push needs an owner."""
    with session() as db:
        _require(db, actor, job_id, Role.curator)
        _refuse_push(db, actor, job_id)
        jobs.retry(db, job_id)
        _note(db, actor, "retry job", job_id)


def _note(db: Session, actor: Actor, verb: str, job_id: int) -> None:
    job = db.get_one(tables.Job, job_id)
    place = {"project_id": job.project_id, "round_id": job.round_id}
    events.note(db, actor, verb, f"job {job_id}, {job.stage}", **place, job_id=job_id)


def _require(db: Session, actor: Actor, job_id: int, role: Role) -> None:
    """Check the role in the job's project; a job of a foreign project does not exist."""
    missing = f"There is no job {job_id} here. Choose one from the list."
    project_id = db.scalar(select(tables.Job.project_id).where(tables.Job.id == job_id))
    require_in(db, actor, project_id, role, missing)


def _refuse_push(db: Session, actor: Actor, job_id: int) -> None:
    """Raise `PermissionDenied` where a push is not the actor's to start: it sends with the installation's token."""
    if db.get_one(tables.Job, job_id).spec.get("kind") == PUSH:
        require_owner(db, actor)


def _query() -> Select[Any]:
    job = tables.Job
    return (
        select(*COLUMNS)
        .select_from(job)
        .outerjoin(tables.Round, tables.Round.id == job.round_id)
        .outerjoin(tables.User, tables.User.id == job.created_by)
    )


def _view(row: Row[Any], listening: set[str], known: dict[int, tuple[Recipe, int]]) -> JobView:
    job = row._mapping
    running = job["status"] == JobStatus.running
    remaining = job["total"] - job["done"]
    waits_for = ""
    if running:
        waits_for = import_lock.waits_for(job["awaited_import"], job["project_id"], job["attempt"])
    elif job["status"] == JobStatus.queued and job["queue"] not in listening:
        waits_for = _hint(job["queue"])
    return JobView(
        id=job["id"],
        project_id=job["project_id"],
        round_id=job["round_id"],
        round_number=job["number"],
        kind=job["kind"],
        stage=job["stage"],
        step=job_steps.line(known, job["round_id"], job["stage"], job["step"]),
        status=job["status"],
        attempt=job["attempt"],
        executor_id=job["executor_id"],
        helpers=job["helpers"],
        done=job["done"],
        total=job["total"],
        unit=job["unit"],
        rate=job["rate"],
        seconds=_seconds(job["started_at"], job["finished_at"]),
        seconds_left=remaining / job["rate"] if running and job["rate"] and job["total"] else None,
        last_metrics=job["last_metrics"],
        error=job["error"],
        is_final=job["is_final"],
        is_superseded=job["is_superseded"],
        waits_for=waits_for,
        created_by=job["name"],
        created_at=job["created_at"],
        started_at=job["started_at"],
        finished_at=job["finished_at"],
        preview_id=job["preview_id"],
    )


def _seconds(started_at: datetime | None, finished_at: datetime | None) -> float | None:
    return ((finished_at or now()) - started_at).total_seconds() if started_at is not None else None


def _hint(queue: str) -> str:
    return gettext(
        "No running worker takes jobs from the queue {queue}. Start one: rondo worker --queues {queue}. Or let one "
        "that rests take work again, on the page Workers."
    ).format(queue=queue)


def _queues_with_workers(db: Session) -> set[str]:
    executor = tables.Executor
    alive = executor.stopped_at.is_(None), executor.heartbeat_at > now() - WORKER_IS_SILENT_AFTER
    query = select(executor.queues).where(*alive, executor.told == WorkerOrder.work)
    return {queue for queues in db.scalars(query) for queue in queues.split(",")}


def thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Every n-th point and the last one."""
    every = -(-len(points) // CURVE_POINTS)
    return points[::every] if every == 1 else [*points[:-1][::every], points[-1]]
