"""Workers that help with a job which another one runs: who they are, and which batch is whose.

The job's own process writes a row for each batch of its stage and asks for helpers, each a workflow in the job's
queue. Whoever takes a batch writes its name on the row; whoever writes the batch deletes the row in the same
transaction. A helper that has ended, or whose worker is dead, holds nothing: its batches are free again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select, update
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, session
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.db.tables import Batch, Executor, Helper, Job
from backend.errors import Cancelled
from backend.jobs import durable, logs
from backend.jobs.progress import JobProgress
from backend.values import JobStatus

OWN = 0
"""Holds the batches that the job's own process works on."""
ALIVE_SECONDS = 30.0
"""A worker without a heartbeat for so long is not counted on."""
COMES_SECONDS = 60.0
"""A helper that no worker took for so long is asked for again: the one that took it may have died before it said so."""
TAIL_LINES = 20


class BatchLost(Cancelled):
    """The batch is another worker's by now. What this one made of it is dropped."""


@dataclass(frozen=True)
class Held:
    """A batch that this process works on, and how far it brings the job."""

    job_id: int
    number: int
    holder: int
    units: int = 0

    def settle(self, db: Session) -> None:
        """Count the batch as written, in the transaction that writes it; raises `BatchLost` if it is not ours."""
        if self.holder != OWN:
            # The helper's row before the batch's: the order in which a dead helper's are freed.
            mine = update(Helper).where(Helper.id == self.holder, Helper.ended_at.is_(None))
            if db.execute(mine.values(done=Helper.done + self.units).returning(Helper.id)).first() is None:
                raise BatchLost(f"Helper {self.holder} was given up, and batch {self.number} is another one's.")
        row = _is(self.job_id, self.number, self.holder)
        if db.execute(delete(Batch).where(row).returning(Batch.number)).first() is None:
            raise BatchLost(f"Batch {self.number} of job {self.job_id} is another worker's.")


@dataclass(frozen=True)
class Standing:
    """How a shared stage stands, as its own process sees it."""

    free: int
    away: int
    """Batches that helpers work on."""
    done: int
    """What helpers have done, in the job's unit."""
    helpers: int
    """Those at work, those that are yet to come, and those that failed, whose worker is not asked again."""


class NoProgress(JobProgress):
    """A helper's progress: it is written with its batches, and the job's own process adds it up."""

    def flush(self) -> None:
        return


def others(job_id: int) -> int:
    """How many workers beside the job's own live and take jobs from its queue."""
    with reading() as db:
        job = db.get(Job, job_id)
        fresh = (Executor.stopped_at.is_(None), Executor.heartbeat_at > now() - timedelta(seconds=ALIVE_SECONDS))
        rows = db.execute(select(Executor.id, Executor.queues).where(*fresh)).all()
    return sum(job is not None and id_ != job.executor_id and job.queue in queues.split(",") for id_, queues in rows)


def helper_count() -> ScalarSelect[int]:
    """How many helpers do batches of the job's last attempt, or did, as a column."""
    of_job = (Helper.job_id == Job.id, Helper.attempt == Job.attempt, Helper.started_at.is_not(None))
    has_part = (Helper.done > 0) | Helper.ended_at.is_(None)
    return select(func.count(Helper.id)).where(*of_job, has_part).correlate(Job).scalar_subquery()


def share(db: Session, job: Job, numbers: Sequence[int]) -> None:
    """Write the batches that are left, in place of those of an attempt before."""
    db.execute(delete(Batch).where(Batch.job_id == job.id))
    left: dict[str, list[Any]] = {"number": list(numbers), "holder": [None] * len(numbers)}
    insert_rows(db, Batch, {"job_id": job.id, "attempt": job.attempt}, left)


def ask(db: Session, job: Job, number: int) -> None:
    """Ask for so many helpers, in the caller's transaction."""
    for _ in range(number):
        helper = Helper(job_id=job.id, attempt=job.attempt, workflow_id=durable.new_workflow_id())
        db.add(helper)
        db.flush()
        place: dict[str, Any] = {"queue": job.queue, "round_id": job.round_id, "name": durable.HELP}
        durable.submit(db, helper.id, workflow_id=helper.workflow_id, **place)


def join(helper_id: int, executor_id: str) -> tuple[int, int] | None:
    """Begin to help; return the job's id and attempt, None where no help is needed any more."""
    with session() as db:
        helper = db.scalar(select(Helper).where(Helper.id == helper_id).with_for_update())
        if helper is None or helper.ended_at is not None:
            return None
        running = (Job.id == helper.job_id, Job.attempt == helper.attempt, Job.status == JobStatus.running)
        free = select(Batch.number).where(_is_free(helper.job_id, helper.attempt))
        if db.scalar(select(Job.id).where(*running)) is None or db.scalar(free.limit(1)) is None:
            helper.ended_at = now()
            return None
        helper.executor_id, helper.started_at = executor_id, now()
        return helper.job_id, helper.attempt


def claim(job_id: int, attempt: int, holder: int) -> int | None:
    """Take the first free batch; None where there is none, or where the helper has ended."""
    with session() as db:
        if holder != OWN:
            mine = select(Helper.id).where(Helper.id == holder, Helper.ended_at.is_(None))
            if db.scalar(mine.with_for_update()) is None:
                return None
        first = select(Batch.number).where(_is_free(job_id, attempt)).order_by(Batch.number).limit(1)
        number = db.scalar(first.with_for_update(skip_locked=True))
        if number is not None:
            taken = update(Batch).where(Batch.job_id == job_id, Batch.number == number)
            db.execute(taken.values(holder=holder))
        return number


def standing(job_id: int, attempt: int) -> Standing:
    """Who does what of a shared stage."""
    coming = Helper.created_at > now() - timedelta(seconds=COMES_SECONDS)
    counts = Helper.error.is_not(None) | (Helper.ended_at.is_(None) & (Helper.started_at.is_not(None) | coming))
    with reading() as db:
        batches = select(func.count().filter(Batch.holder.is_(None)), func.count().filter(Batch.holder != OWN))
        free, away = db.execute(batches.where(Batch.job_id == job_id, Batch.attempt == attempt)).one()
        helpers = select(func.coalesce(func.sum(Helper.done), 0), func.count().filter(counts))
        done, number = db.execute(helpers.where(Helper.job_id == job_id, Helper.attempt == attempt)).one()
    return Standing(free, away, int(done), number)


def is_wanted_elsewhere(job_id: int) -> bool:
    """Whether a job that comes before this one waits in its queue: of an earlier round, or of none."""
    with reading() as db:
        mine = select(Job.queue, Job.round_id).where(Job.id == job_id).subquery()
        before = Job.round_id.is_(None) | (Job.round_id < mine.c.round_id)
        waiting = select(Job.id).join(mine, Job.queue == mine.c.queue)
        return db.scalar(waiting.where(Job.status == JobStatus.queued, before).limit(1)) is not None


def leave(helper_id: int, *, error: str | None = None, tail: str = "") -> None:
    """Stop helping; what the helper held is free again."""
    with session() as db:
        helper = db.scalar(select(Helper).where(Helper.id == helper_id).with_for_update())
        if helper is None:
            return
        helper.error = helper.error or clean(error or "") or None
        helper.log_tail, helper.process_id = clean(tail) or helper.log_tail, None
        _end(db, [helper_id])


def recover(is_dead: Callable[[str], bool]) -> int:
    """Free the batches of helpers that are gone: their worker is dead, or their workflow ended without a word.

    Return how many such helpers there were.
    """
    with reading() as db:
        query = select(Helper.id, Helper.executor_id, Helper.workflow_id)
        rows = db.execute(query.where(Helper.ended_at.is_(None), Helper.executor_id.is_not(None))).all()
    if not rows:
        return 0
    runs = durable.alive([row.workflow_id for row in rows])
    lost = {
        id_: workflow_id
        for id_, executor_id, workflow_id in rows
        if workflow_id not in runs or is_dead(str(executor_id))
    }
    if lost:
        with session() as db:
            _end(db, sorted(lost))
        durable.withdraw(list(lost.values()))
    return len(lost)


def look(helper_id: int) -> bool:
    """Whether the helper is to go on: not when the job ended, went to another attempt, or gave it up."""
    with reading() as db:
        query = select(Helper.id).join(Job, (Job.id == Helper.job_id) & (Job.attempt == Helper.attempt))
        goes_on = (Helper.id == helper_id, Helper.ended_at.is_(None), Job.status == JobStatus.running)
        return db.scalar(query.where(*goes_on)) is not None


def write_log_tail(helper_id: int, tail: str, *, process_id: int | None) -> None:
    with session() as db:
        mine = update(Helper).where(Helper.id == helper_id)
        db.execute(mine.values(log_tail=clean(tail), process_id=process_id))


def tails(job_id: int, attempt: int) -> str:
    """The last lines of all helpers of this attempt, each under its worker's name; empty where there is none."""
    query = select(Helper.executor_id, Helper.log_tail).where(Helper.job_id == job_id, Helper.attempt == attempt)
    with reading() as db:
        rows = db.execute(query.where(Helper.started_at.is_not(None)).order_by(Helper.id)).all()
    return "".join(f"\n--- helper {name}\n{logs.last_lines(tail, TAIL_LINES)}" for name, tail in rows)


def _end(db: Session, ids: Sequence[int]) -> None:
    for some in in_chunks(ids):
        db.execute(update(Helper).where(Helper.id.in_(some), Helper.ended_at.is_(None)).values(ended_at=now()))
        db.execute(update(Batch).where(Batch.holder.in_(some)).values(holder=None))


def _is_free(job_id: int, attempt: int) -> ColumnElement[bool]:
    return (Batch.job_id == job_id) & (Batch.attempt == attempt) & Batch.holder.is_(None)


def _is(job_id: int, number: int, holder: int) -> ColumnElement[bool]:
    return (Batch.job_id == job_id) & (Batch.number == number) & (Batch.holder == holder)
