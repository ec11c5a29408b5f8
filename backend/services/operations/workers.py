"""Workers: who takes jobs, what each does since when, and what an owner tells them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound
from backend.jobs import orders
from backend.services import events
from backend.services.access import Actor, is_owner, require, require_owner
from backend.services.rounds.job_views import WORKER_IS_SILENT_AFTER
from backend.values import JobStatus, Role, Stage, WorkerOrder

FORGOTTEN_AFTER = timedelta(days=1)
"""A worker that went without a word is shown for so long."""


class WorkerState(StrEnum):
    """`pausing` and `draining` finish what they do; `silent` gave no sign of life for half a minute."""

    idle = "idle"
    busy = "busy"
    pausing = "pausing"
    paused = "paused"
    draining = "draining"
    silent = "silent"


@dataclass(frozen=True)
class WorkerJob:
    """A job that a worker runs, or batches of one that another worker runs."""

    job_id: int | None
    """None: the job is of another project, of which nothing else is told."""
    stage: Stage | None
    round_id: int | None
    round_number: int | None
    """None for a job outside rounds."""
    project: str
    helps: bool | None
    since: datetime | None
    """Of these two nothing is told of another project, either."""


@dataclass(frozen=True)
class WorkerView:
    id: str
    host: str
    process_id: int | None
    """Where it runs is told to owners alone: empty and None for others."""
    version: str
    queues: list[str]
    cpus: int | None
    gpus: list[str]
    is_embedded: bool
    """It is part of a web process, and cannot be drained."""
    told: WorkerOrder
    state: WorkerState
    started_at: datetime
    heartbeat_at: datetime
    work: list[WorkerJob]


@dataclass(frozen=True)
class OrderOutcome:
    """Whom an order was told, and of these who gives no sign of life and may never hear of it."""

    workers: list[str]
    silent: list[str]


def listing(actor: Actor, project_id: int | None = None) -> list[WorkerView]:
    """Return the workers of the installation, by name; those that stopped in order are gone.

    `project_id`: for a member of this project, to whom work of other projects is not told. None: for an owner, all.
    """
    row = tables.Executor
    with reading() as db:
        if project_id is None:
            require_owner(db, actor)
        else:
            require(db, actor, project_id, Role.viewer)
        sees_all = is_owner(db, actor)
        is_there = row.stopped_at.is_(None), row.heartbeat_at > now() - FORGOTTEN_AFTER
        rows = list(db.scalars(select(row).where(*is_there).order_by(row.id)))
        work = _work(db, [worker.id for worker in rows], None if sees_all else project_id)
    views = [_view(worker, work[worker.id]) for worker in rows]
    return views if sees_all else [replace(view, host="", process_id=None) for view in views]


def tell(actor: Actor, order: WorkerOrder, worker_id: str | None = None) -> OrderOutcome:
    """Tell a worker to take work, to take no new work, or to end once what it does is done.

    `worker_id`: None: all. A worker hears of it within seconds. One that is part of a web process cannot be drained,
    and one of a version before there were orders obeys none: alone it is refused, of all it is left out.
    """
    row = tables.Executor
    with session() as db:
        require_owner(db, actor)
        query = select(row).where(row.stopped_at.is_(None), row.heartbeat_at > now() - FORGOTTEN_AFTER)
        if worker_id is not None:
            query = query.where(row.id == worker_id)
        rows = list(db.scalars(query.order_by(row.id).with_for_update()))
        if not rows:
            named = f"There is no worker {worker_id!r}." if worker_id is not None else "There is no worker."
            raise NotFound(f"{named} `rondo workers list` shows those there are; `rondo worker` starts one.")
        new = [worker for worker in rows if worker.version]
        if not new:
            raise Conflict(
                f"{rows[0].id} is of a version of Rondo that obeys no orders. Stop it with Ctrl-C or SIGTERM (what it "
                "does goes on at another worker), and start it again with this version."
            )
        asked = [worker for worker in new if order is not WorkerOrder.drain or not worker.is_embedded]
        if not asked:
            raise Conflict(
                f"{new[0].id} is part of a web process and ends with it, so it cannot be drained. Pause it, or stop "
                "the web process: jobs that it runs are handed back and go on at another worker."
            )
        orders.tell(db, [worker.id for worker in asked], order)
        for worker in asked:
            events.note(db, actor, f"{_VERBS[order]} worker", worker.id)
        return OrderOutcome([worker.id for worker in asked], [worker.id for worker in asked if _is_silent(worker)])


_VERBS = {WorkerOrder.work: "resume", WorkerOrder.pause: "pause", WorkerOrder.drain: "drain"}


def _view(row: tables.Executor, work: Sequence[WorkerJob]) -> WorkerView:
    return WorkerView(
        id=row.id,
        host=row.host,
        process_id=row.process_id,
        version=row.version,
        queues=row.queues.split(","),
        cpus=row.cpus,
        gpus=row.gpus.splitlines(),
        is_embedded=row.is_embedded,
        told=row.told,
        state=_state(row, bool(work)),
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        work=[*work],
    )


def _state(row: tables.Executor, is_busy: bool) -> WorkerState:
    if _is_silent(row):
        return WorkerState.silent
    if row.told is WorkerOrder.drain:
        return WorkerState.draining
    if row.told is WorkerOrder.pause:
        return WorkerState.pausing if is_busy else WorkerState.paused
    return WorkerState.busy if is_busy else WorkerState.idle


def _is_silent(row: tables.Executor) -> bool:
    return row.heartbeat_at < now() - WORKER_IS_SILENT_AFTER


def _work(db: Session, ids: Sequence[str], project_id: int | None) -> dict[str, list[WorkerJob]]:
    """What each of these workers does; `project_id`: of jobs of other projects only that there is one."""
    job, helper, round_, project = tables.Job, tables.Helper, tables.Round, tables.Project
    named = job.id, job.stage, job.round_id, round_.number, job.project_id, project.name
    own = select(job.executor_id, job.started_at, literal(False), *named).select_from(job)
    own = own.where(job.status == JobStatus.running, job.executor_id.in_(ids))
    helps = select(helper.executor_id, helper.started_at, literal(True), *named).select_from(helper)
    helps = helps.join(job, job.id == helper.job_id).where(helper.ended_at.is_(None), helper.executor_id.in_(ids))
    jobs: dict[str, list[WorkerJob]] = defaultdict(list)
    for query in (own, helps):
        query = query.join(project, project.id == job.project_id).outerjoin(round_, round_.id == job.round_id)
        for id_, since, is_help, job_id, stage, round_id, number, of, name in db.execute(query.order_by(job.id)):
            is_told = project_id in (None, of)
            work = WorkerJob(job_id, stage, round_id, number, name, helps=bool(is_help), since=since)
            jobs[str(id_)].append(work if is_told else WorkerJob(None, None, None, None, "", helps=None, since=None))
    return jobs
