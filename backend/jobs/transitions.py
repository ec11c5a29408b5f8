"""Every way a job's row may change its status, and its round with it. Job row first, then round: one lock order."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, session
from backend.db.tables import Batch, Job, Round
from backend.errors import Cancelled, Conflict, NotFound
from backend.jobs import durable, helping, refusals, telling
from backend.jobs.logs import last_lines
from backend.values import JSON, JobStatus, RoundStatus, Stage

ACTIVE = (JobStatus.queued, JobStatus.running)
MAX_LOSSES = 8
"""Workers in a row that a job may lose at the same place: a machine may be unlucky, but a worker that dies of its job
dies again at every start, and the web process with it where it is embedded."""

WORKER_DIED = (
    ". Each time the whole worker process ended, as when memory runs out. What the job had finished is kept. Give it "
    "less to do at once or the machine more memory, then press Retry."
)
WAS_AWAY = (
    ". The last time its process could not connect to PostgreSQL, or was cut off; the end of its log has the reason. "
    "What the job had finished is kept. Let PostgreSQL run and take enough connections (max_connections), and let the "
    "password of RONDO_DATABASE_URL be right on the worker's machine, then press Retry."
)


def enqueue(
    db: Session,
    *,
    stage: Stage,
    project_id: int,
    round_id: int | None = None,
    spec: JSON | None = None,
    created_by: int | None = None,
    step: int | None = None,
    queue: str | None = None,
) -> Job:
    """Add a job to the caller's transaction: it exists if and only if that commits. One active job per round.

    step: the recipe's step that it runs; None: the first of its stage. queue: None: that of the stage.
    """
    job = Job(
        project_id=project_id,
        round_id=round_id,
        workflow_id=durable.new_workflow_id(),
        active_key=round_id,
        stage=stage,
        step=step,
        queue=queue or durable.QUEUES[stage],
        status=JobStatus.queued,
        spec=spec or {},
        created_by=created_by,
    )
    refusals.refuse_trashed(db, project_id)
    refusals.refuse_away(db, round_id)
    refusals.refuse_second(db, round_id)
    db.add(job)
    _flush(db, round_id)
    durable.submit(db, job.id, workflow_id=job.workflow_id, queue=job.queue, round_id=job.round_id)
    return job


def cancel(db: Session, job_id: int) -> Job:
    """Stop a queued or running job for good; its worker ends the process within a second. May be repeated."""
    job = locked(db, job_id)
    if job.status == JobStatus.cancelled:
        return job
    if job.status not in ACTIVE:
        raise Conflict(f"Job {job_id} is already {job.status}, so there is nothing to cancel.")
    _end(db, job, JobStatus.cancelled, RoundStatus.cancelled)
    durable.withdraw_after_commit(db, job.workflow_id)
    return job


def resume(db: Session, job_id: int) -> Job:
    """Queue a cancelled or failed job again. It asks for what is missing, so finished work is kept."""
    job = locked(db, job_id)
    if job.status in ACTIVE:
        return job
    if job.status == JobStatus.done:
        raise Conflict(f"Job {job_id} is done, so there is nothing to resume. Launch a new round to do it again.")
    refusals.refuse_trashed(db, job.project_id)
    refusals.refuse_away(db, job.round_id)
    refusals.refuse_superseded(db, job)
    if not refusals.is_beside(job):
        refusals.refuse_in_review(db, job)
    refusals.refuse_second(db, job.round_id)
    if job.is_final and job.status is JobStatus.cancelled:
        raise Conflict(
            f"Job {job_id} was stopped because its texts please the judge without being good, and is not gone on with. "
            "Launch another round, with another reward."
        )
    if job.is_final:
        raise Conflict(
            f"Job {job_id} would fail in the same way again: what it says has to change first. Change the round's "
            "settings and launch it again, or select again with another threshold."
        )
    job.error = job.traceback = job.finished_at = None
    job.losses = job.done_at_loss = 0
    _requeue(db, job)
    _follow(db, job, RoundStatus.running)
    return job


def take_over(job_id: int, workflow_id: str, *, lost: bool = True, was_away: bool = False) -> bool:
    """Queue a job again under a new workflow; False when it has ended, is given up or someone else did it first.

    `lost`: its worker died, it was not handed back. A job that may be what kills its workers is not tried for ever.
    `was_away`: it was lost since its process had no connection to the database; its worker lives.
    """
    with session() as db:
        job = locked(db, job_id)
        if job.status not in ACTIVE or job.workflow_id != workflow_id:
            return False
        durable.withdraw_after_commit(db, workflow_id)
        if lost and job.status == JobStatus.running and _count_loss(job) >= MAX_LOSSES:
            lost_what = "the database" if was_away else "its worker"
            job.error = (
                f"Job {job_id} ({job.stage}) lost {lost_what} {job.losses} times in a row without getting further than "
                f"{job.done} of {job.total} {job.unit}".rstrip()
                + (WAS_AWAY if was_away else WORKER_DIED)
            )
            _end(db, job, JobStatus.failed, RoundStatus.failed, error=job.error)
            return False
        _requeue(db, job)
        return True


def _count_loss(job: Job) -> int:
    job.losses = 1 if job.done > job.done_at_loss else job.losses + 1
    job.done_at_loss = job.done
    return job.losses


def start(job_id: int, workflow_id: str, executor_id: str) -> int | None:
    """Mark the job running and return its new attempt; None when this workflow no longer speaks for it."""
    with session() as db:
        job = db.scalar(select(Job).where(Job.id == job_id).with_for_update())
        if job is None or job.workflow_id != workflow_id or job.status not in ACTIVE:
            return None
        job.status, job.executor_id, job.process_id = JobStatus.running, executor_id, None
        job.attempt += 1
        job.started_at = job.updated_at = now()
        job.finished_at = job.error = job.traceback = job.rate = None
        job.machine = {}
        return job.attempt


def fenced(db: Session, job_id: int, attempt: int) -> Job:
    """Lock the job's row and raise Cancelled unless this attempt still owns it.

    Call it first in each transaction that writes results, before locking any other row: a process that lost its
    job to another must write nothing more.
    """
    job = locked(db, job_id)
    if job.status != JobStatus.running or job.attempt != attempt:
        raise Cancelled(f"Job {job_id} is {job.status} and no longer belongs to attempt {attempt}. It stops here.")
    return job


def finish(db: Session, job_id: int, attempt: int, *, machine: JSON | None = None) -> Job:
    """Mark the job done in the transaction of its last results. The round may then enqueue its next job.

    machine: what it ran on.
    """
    job = fenced(db, job_id, attempt)
    job.machine = machine or {}
    _end(db, job, JobStatus.done, None)
    db.flush()  # frees the round's place before the next job takes it
    return job


def fail(db: Session, job_id: int, attempt: int, *, error: str, traceback: str = "", is_final: bool = False) -> Job:
    """Mark the job and its round failed, with what a person should read; `is_final`: it would fail again."""
    job = fenced(db, job_id, attempt)
    job.is_final = is_final
    job.error, job.traceback = clean(error), clean(traceback) or None
    _end(db, job, JobStatus.failed, RoundStatus.failed, error=job.error)
    return job


def fail_silently_ended(job_id: int, attempt: int, *, how: str, tail: str) -> None:
    """Fail the job of a process that ended without recording anything, unless it is no longer this attempt's."""
    with session() as db:
        job = locked(db, job_id)
        if job.status != JobStatus.running or job.attempt != attempt:
            return
        error = (
            f"The {job.stage} process of job {job_id} {how} The last it printed: {last_lines(tail, n=1)}\n"
            "What it had finished is kept. Mend the cause, then press Retry."
        )
        fail(db, job_id, attempt, error=error, traceback=last_lines(tail, n=40))


def look(job_id: int, attempt: int) -> JobStatus | None:
    """The job's status; None when it no longer belongs to this attempt."""
    with reading() as db:
        return db.scalar(select(Job.status).where(Job.id == job_id, Job.attempt == attempt))


def write_log_tail(job_id: int, attempt: int, tail: str, *, process_id: int | None) -> None:
    with session() as db:
        mine = update(Job).where(Job.id == job_id, Job.attempt == attempt)
        db.execute(mine.values(log_tail=clean(tail), process_id=process_id, updated_at=now()))


def losses(job_id: int) -> int:
    """How many times in a row the job was lost at the place where it is."""
    with reading() as db:
        job = db.get(Job, job_id)
        return 0 if job is None or job.done > job.done_at_loss else job.losses


def locked(db: Session, job_id: int) -> Job:
    job = db.scalar(select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True))
    if job is None:
        raise NotFound(f"There is no job {job_id}. Choose one from the list.")
    return job


def _requeue(db: Session, job: Job) -> None:
    job.status, job.active_key = JobStatus.queued, job.round_id
    job.workflow_id = durable.new_workflow_id()
    job.executor_id = job.process_id = job.rate = None
    job.updated_at = now()
    helping.dismiss(db, job.id)
    _flush(db, job.round_id)
    durable.submit(db, job.id, workflow_id=job.workflow_id, queue=job.queue, round_id=job.round_id)


def _end(db: Session, job: Job, status: JobStatus, round_status: RoundStatus | None, error: str | None = None) -> None:
    job.status, job.active_key, job.rate = status, None, None
    job.finished_at = job.updated_at = now()
    helping.dismiss(db, job.id)
    db.execute(delete(Batch).where(Batch.job_id == job.id))
    if round_status is not None:
        _follow(db, job, round_status, error=error, finished_at=job.finished_at)
    if not refusals.is_beside(job):
        telling.of_job(db, job)


def _follow(
    db: Session, job: Job, status: RoundStatus, *, error: str | None = None, finished_at: datetime | None = None
) -> None:
    values: dict[str, Any] = {"status": status, "error": error, "finished_at": finished_at}
    if job.round_id is not None and not refusals.is_beside(job):
        db.execute(update(Round).where(Round.id == job.round_id).values(values))


def _flush(db: Session, round_id: int | None) -> None:
    """Two transactions may both find the round free; the unique key lets one of them through."""
    try:
        db.flush()
    except IntegrityError as error:
        if "active_key" not in str(error.orig):
            raise
        raise Conflict(f"Round {round_id} has just got another job. Cancel that one or wait for its end.") from error
