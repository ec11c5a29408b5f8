"""A job exists if and only if its cause does, a round has one active job, and late changes are refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Cancelled, Conflict, NotFound
from backend.jobs import durable, transitions
from backend.values import JobStatus, RoundStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def round_() -> tables.Round:
    return rows.make_round(rows.make_project())


def enqueue(round_: tables.Round, stage: Stage = Stage.generate) -> tables.Job:
    with session() as db:
        return jobs.enqueue(db, stage=stage, project_id=round_.project_id, round_id=round_.id)


def started(round_: tables.Round) -> tables.Job:
    job = enqueue(round_)
    assert transitions.start(job.id, job.workflow_id, "host-0") == 1
    return job


def row(job_id: int) -> tables.Job:
    with reading() as db:
        return db.get_one(tables.Job, job_id)


def round_status(round_: tables.Round) -> RoundStatus:
    with reading() as db:
        return db.get_one(tables.Round, round_.id).status


def test_enqueue_leaves_nothing_when_its_cause_fails(round_: tables.Round) -> None:
    workflow_ids: list[str] = []

    def launch() -> None:
        with session() as db:
            job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
            workflow_ids.append(job.workflow_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        launch()
    with reading() as db:
        assert db.query(tables.Job).count() == 0
    assert durable.alive(workflow_ids) == {}


def test_enqueue_puts_the_stage_into_its_queue(round_: tables.Round) -> None:
    job = enqueue(round_, Stage.train)
    assert (job.queue, job.status, job.active_key) == ("train", JobStatus.queued, round_.id)
    assert durable.alive([job.workflow_id]) == {job.workflow_id: None}


def test_second_active_job_of_a_round_is_refused(round_: tables.Round) -> None:
    first = enqueue(round_)
    with pytest.raises(Conflict, match=rf"Job {first.id} \(generate\) of this round is queued"):
        enqueue(round_, Stage.judge)


def test_one_of_many_wins_when_all_enqueue_at_once(round_: tables.Round) -> None:
    gate = threading.Barrier(6)

    def attempt(_: int) -> bool:
        gate.wait()
        try:
            enqueue(round_)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    with reading() as db:
        assert db.query(tables.Job).count() == 1


def test_finish_frees_the_round_for_the_next_job_in_one_transaction(round_: tables.Round) -> None:
    job = started(round_)
    with session() as db:
        jobs.finish(db, job.id, 1)
        following = jobs.enqueue(db, stage=Stage.judge, project_id=round_.project_id, round_id=round_.id)
    assert row(job.id).status == JobStatus.done
    assert row(following.id).active_key == round_.id
    with pytest.raises(Conflict, match="is done, so there is nothing to resume"), session() as db:
        jobs.resume(db, job.id)


def test_cancel_withdraws_the_workflow_and_stops_the_round(round_: tables.Round) -> None:
    job = enqueue(round_)
    for _ in range(2):
        with session() as db:
            jobs.cancel(db, job.id)
    assert row(job.id).status == JobStatus.cancelled
    assert row(job.id).finished_at is not None
    assert round_status(round_) == RoundStatus.cancelled
    assert durable.alive([job.workflow_id]) == {}
    assert transitions.start(job.id, job.workflow_id, "host-0") is None


def test_cancel_of_an_ended_job_is_refused(round_: tables.Round) -> None:
    job = started(round_)
    with session() as db:
        jobs.finish(db, job.id, 1)
    with pytest.raises(Conflict, match="is already done"), session() as db:
        jobs.cancel(db, job.id)
    with pytest.raises(NotFound), session() as db:
        jobs.cancel(db, 999)


def test_resume_queues_a_new_workflow_and_the_old_one_has_no_say(round_: tables.Round) -> None:
    job = started(round_)
    with session() as db:
        jobs.fail(db, job.id, 1, error="No.\x00", traceback="line")
    assert (row(job.id).error, round_status(round_)) == ("No.\N{REPLACEMENT CHARACTER}", RoundStatus.failed)
    with session() as db:
        again = jobs.retry(db, job.id)
    assert again.workflow_id != job.workflow_id
    assert (again.status, again.error, round_status(round_)) == (JobStatus.queued, None, RoundStatus.running)
    assert transitions.start(job.id, job.workflow_id, "host-0") is None
    assert transitions.start(job.id, again.workflow_id, "host-0") == 2


def test_resume_is_refused_when_the_round_went_on(round_: tables.Round) -> None:
    old = enqueue(round_)
    with session() as db:
        jobs.cancel(db, old.id)
    newer = enqueue(round_)
    with pytest.raises(Conflict, match=f"Resume its newest job, {newer.id}"), session() as db:
        jobs.resume(db, old.id)


def test_fence_stops_a_cancelled_and_an_older_attempt(round_: tables.Round) -> None:
    job = started(round_)
    assert transitions.start(job.id, job.workflow_id, "host-1") == 2
    with pytest.raises(Cancelled), session() as db:
        jobs.fenced(db, job.id, 1)
    with session() as db:
        jobs.fenced(db, job.id, 2)
        jobs.cancel(db, job.id)
    with pytest.raises(Cancelled), session() as db:
        jobs.fenced(db, job.id, 2)


def test_take_over_has_one_winner(round_: tables.Round) -> None:
    job = started(round_)
    gate = threading.Barrier(4)

    def attempt(_: int) -> bool:
        gate.wait()
        return transitions.take_over(job.id, job.workflow_id)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    moved = row(job.id)
    assert (moved.status, moved.executor_id) == (JobStatus.queued, None)
    assert list(durable.alive([job.workflow_id, moved.workflow_id])) == [moved.workflow_id]


def test_prepare_can_be_repeated_and_keeps_wal(database: str) -> None:
    jobs.prepare()
    if database.startswith("sqlite"):
        with reading() as db:
            assert db.connection().exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert db.connection().exec_driver_sql("PRAGMA journal_size_limit").scalar() == 64 << 20
