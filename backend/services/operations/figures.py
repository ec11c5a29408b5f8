"""How much there is and what waits: numbers for a monitoring system, as cheap with millions of samples as with none."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.services.rounds.job_views import WORKER_IS_SILENT_AFTER
from backend.values import JobStatus, RoundStatus, WorkerOrder


@dataclass(frozen=True)
class InstallationFigures:
    """The state of the database's installation. Every queue and status is named, those with nothing too."""

    jobs: dict[tuple[str, str], int]
    """By queue and status."""
    rounds: dict[str, int]
    """By status, without those in the trash; their jobs are counted above, as work of these queues."""
    workers: dict[str, int]
    """Those alive that take work, by the queue that they take from."""
    queue_ages: dict[str, float]
    """Seconds since the oldest job was made that waits in the queue; 0 where none does."""
    newest_sample: int
    newest_decision: int
    """Ids, 0 where there is none. Counting the rows would read them all."""


def read(queues: tuple[str, ...] = ("generate", "train", "export")) -> InstallationFigures:
    """Read the figures as they are now."""
    job, round_, project = tables.Job, tables.Round, tables.Project
    with reading() as db:
        jobs = {(queue, status.value): 0 for queue in queues for status in JobStatus}
        for queue, status, number in db.execute(
            select(job.queue, job.status, func.count()).group_by(job.queue, job.status)
        ):
            jobs[queue, status.value] = number
        rounds = {status.value: 0 for status in RoundStatus}
        shown = select(round_.status, func.count()).join(project, project.id == round_.project_id)
        shown = shown.where(project.trashed_at.is_(None)).group_by(round_.status)
        for state, number in db.execute(shown):
            rounds[state.value] = number
        ages = dict.fromkeys(queues, 0.0)
        waiting = select(job.queue, func.min(job.created_at)).where(job.status == JobStatus.queued)
        for queue, oldest in db.execute(waiting.group_by(job.queue)):
            ages[queue] = max(0.0, (now() - oldest).total_seconds())
        workers = dict.fromkeys(queues, 0)
        at_work = [row for row in alive(db) if row.told is WorkerOrder.work]
        for queue in (name for row in at_work for name in row.queues.split(",")):
            workers[queue] = workers.get(queue, 0) + 1
        samples, decisions = (db.scalar(select(func.max(of.id))) or 0 for of in (tables.Sample, tables.Decision))
    return InstallationFigures(jobs, rounds, workers, ages, samples, decisions)


def alive(db: Session) -> Iterator[tables.Executor]:
    """The workers that have not stopped and whose heartbeat is fresh."""
    row = tables.Executor
    is_alive = row.stopped_at.is_(None), row.heartbeat_at > now() - WORKER_IS_SILENT_AFTER
    yield from db.scalars(select(row).where(*is_alive).order_by(row.id))
