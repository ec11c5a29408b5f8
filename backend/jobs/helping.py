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
from backend.db import now, reading, session, snapshot
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.db.tables import Batch, Executor, Helper, Job
from backend.errors import Cancelled
from backend.jobs import durable, logs, orders
from backend.jobs.progress import JobProgress
from backend.values import JobStatus, WorkerOrder

OWN = 0
"""Holds the batches that the job's own process works on."""
ALIVE_SECONDS = 30.0
"""A worker without a heartbeat for so long is not counted on."""
TAIL_LINES = 20
TAIL_CHARACTERS = 2_000
MOST_TAILS = 8


class BatchLost(Cancelled):
    """The batch is another worker's by now. What this one made of it is dropped."""


@dataclass(frozen=True)
class HeldBatch:
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
class StageStanding:
    """How a shared stage stands, as its own process sees it."""

    free: int
    held: dict[int, int]
    """Batches that helpers work on, and which helper does."""
    done: int
    """What helpers have done, in the job's unit."""
    coming: int
    """Helpers that wait for a worker."""
    in_vain: int
    """Those that ended without having done anything."""


class NoProgress(JobProgress):
    """A helper's progress: it is written with its batches, and the job's own process adds it up."""

    def flush(self) -> None:
        return


def idle(job_id: int) -> set[str]:
    """The workers that could help: they live, take jobs from the job's queue, do nothing now, and did not fail at it.

    None while a worker of an older version takes from the queue: it would take a helper, and never run it.
    """
    with reading() as db:
        job = db.get(Job, job_id)
        return set() if job is None else _idle(db, job)


def helper_count() -> ScalarSelect[int]:
    """How many workers do batches of the job's last attempt for another, or did, as a column."""
    of_job = (Helper.job_id == Job.id, Helper.attempt == Job.attempt, Helper.started_at.is_not(None))
    has_part = (Helper.done > 0) | Helper.ended_at.is_(None)
    return (
        select(func.count(func.distinct(Helper.executor_id))).where(*of_job, has_part).correlate(Job).scalar_subquery()
    )


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
    """Begin to help; return the job's id and attempt, None where no help is needed any more, or not this worker's.

    A worker does not help itself, nor twice at a time, nor again with what it failed at.
    """
    with session() as db:
        job_id = select(Helper.job_id).where(Helper.id == helper_id).scalar_subquery()
        job = db.scalar(select(Job).where(Job.id == job_id).with_for_update())  # before the helper's row, as all do
        helper = db.scalar(select(Helper).where(Helper.id == helper_id).with_for_update())
        if job is None or helper is None or helper.ended_at is not None:
            return None
        is_running = job.attempt == helper.attempt and job.status is JobStatus.running
        free = select(Batch.number).where(_is_free(helper.job_id, helper.attempt))
        # Also one that takes no new work: what it took before it heard of that, another one is asked for.
        is_refused = executor_id == job.executor_id or executor_id in _tried(db, job) or orders.rests(db, executor_id)
        if not is_running or is_refused or db.scalar(free.limit(1)) is None:
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


def standing(job_id: int, attempt: int) -> StageStanding:
    """Who does what of a shared stage, at one moment: a batch that is given back is free or held."""
    is_coming = Helper.started_at.is_(None) & Helper.ended_at.is_(None)
    is_vain = Helper.ended_at.is_not(None) & (Helper.done == 0)
    with snapshot() as db:
        free = db.scalar(select(func.count()).select_from(Batch).where(_is_free(job_id, attempt)))
        query = select(Batch.number, Batch.holder).where(Batch.job_id == job_id, Batch.attempt == attempt)
        held = dict(db.execute(query.where(Batch.holder != OWN)).tuples().all())
        sums = (func.coalesce(func.sum(Helper.done), 0), func.count().filter(is_coming), func.count().filter(is_vain))
        done, coming, in_vain = db.execute(
            select(*sums).where(Helper.job_id == job_id, Helper.attempt == attempt)
        ).one()
    return StageStanding(
        free or 0, {number: int(holder or OWN) for number, holder in held.items()}, int(done), coming, in_vain
    )


def is_wanted_elsewhere(job_id: int, helper_id: int) -> bool:
    """Whether a job that comes before this one, of an earlier round or of none, waits for this helper's worker.

    So many helpers go, the youngest first, as such jobs wait without an idle worker.
    """
    with reading() as db:
        mine = select(Job.queue, Job.round_id).where(Job.id == job_id).subquery()
        before = Job.round_id.is_(None) | (Job.round_id < mine.c.round_id)
        query = select(func.count(Job.id)).join(mine, Job.queue == mine.c.queue)
        waiting = db.scalar(query.where(Job.status == JobStatus.queued, before)) or 0
        if not waiting:
            return False
        younger = select(func.count()).where(Helper.job_id == job_id, Helper.id > helper_id, _is_at_work())
        return (db.scalar(younger) or 0) < waiting - len(_idle(db, db.get_one(Job, job_id)))


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

    Return how many such helpers there were. One that waits in the queue is not gone; one that a worker took and died
    before it said so, is.
    """
    with reading() as db:
        query = select(Helper.id, Helper.executor_id, Helper.workflow_id)
        rows = db.execute(query.where(Helper.ended_at.is_(None))).all()
    if not rows:
        return 0
    runs = durable.alive([row.workflow_id for row in rows])
    lost = {}
    for id_, executor_id, workflow_id in rows:
        whose = executor_id or runs.get(workflow_id)
        if workflow_id not in runs or (whose is not None and is_dead(whose)):
            lost[id_] = workflow_id
    if lost:
        with session() as db:
            _end(db, sorted(lost))
        durable.withdraw(list(lost.values()))
    return len(lost)


def dismiss(db: Session, job_id: int) -> None:
    """End all helpers of a job that ended or starts again, in that transaction; those that wait leave the queue."""
    query = select(Helper.id, Helper.workflow_id, Helper.started_at).where(Helper.job_id == job_id)
    rows = db.execute(query.where(Helper.ended_at.is_(None))).all()
    if rows:
        _end(db, [row.id for row in rows])
        durable.withdraw_after_commit(db, *(row.workflow_id for row in rows if row.started_at is None))


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
    """The last lines of helpers of this attempt, each under its worker's name; empty where there is none.

    Those at work come before those that failed, and these before others; of each, the last.
    """
    query = select(Helper.id, Helper.executor_id, Helper.log_tail)
    query = query.where(Helper.job_id == job_id, Helper.attempt == attempt, Helper.started_at.is_not(None))
    order = (Helper.ended_at.is_not(None), Helper.error.is_(None), Helper.id.desc())
    with reading() as db:
        rows = sorted(db.execute(query.order_by(*order).limit(MOST_TAILS)).tuples().all())
    return "".join(
        f"\n--- helper {name}\n{logs.last_lines(tail, TAIL_LINES)[-TAIL_CHARACTERS:]}" for _, name, tail in rows
    )


def _idle(db: Session, job: Job) -> set[str]:
    fresh = (Executor.stopped_at.is_(None), Executor.heartbeat_at > now() - timedelta(seconds=ALIVE_SECONDS))
    query = select(Executor.id, Executor.queues, Executor.can_help, Executor.told).where(*fresh)
    listening = [row for row in db.execute(query) if job.queue in row.queues.split(",")]
    if not all(row.can_help for row in listening):
        return set()
    at_jobs = select(Job.executor_id).where(Job.status == JobStatus.running, Job.queue == job.queue)
    helping = select(Helper.executor_id).where(_is_at_work())
    busy = {*db.scalars(at_jobs), *db.scalars(helping)} | _tried(db, job)
    return {row.id for row in listening if row.told is WorkerOrder.work} - busy


def _tried(db: Session, job: Job) -> set[str]:
    """The workers that help with this attempt or failed at it."""
    query = select(Helper.executor_id).where(Helper.job_id == job.id, Helper.attempt == job.attempt)
    return {str(helper_id) for helper_id in db.scalars(query.where(_is_at_work() | Helper.error.is_not(None)))}


def _is_at_work() -> ColumnElement[bool]:
    return Helper.started_at.is_not(None) & Helper.ended_at.is_(None)


def _end(db: Session, ids: Sequence[int]) -> None:
    for some in in_chunks(sorted(ids)):
        # In one order, so that two who end the same ones do not wait for each other.
        db.execute(select(Helper.id).where(Helper.id.in_(some)).order_by(Helper.id).with_for_update()).all()
        db.execute(update(Helper).where(Helper.id.in_(some), Helper.ended_at.is_(None)).values(ended_at=now()))
        db.execute(update(Batch).where(Batch.holder.in_(some)).values(holder=None))


def _is_free(job_id: int, attempt: int) -> ColumnElement[bool]:
    return (Batch.job_id == job_id) & (Batch.attempt == attempt) & Batch.holder.is_(None)


def _is(job_id: int, number: int, holder: int) -> ColumnElement[bool]:
    return (Batch.job_id == job_id) & (Batch.number == number) & (Batch.holder == holder)
