"""A worker may die at any moment: its child dies with it, and the job goes on where it was, once."""

import pytest

from backend.db import session, tables
from backend.errors import Cancelled
from backend.jobs import fenced
from backend.values import JobStatus, RoundStatus, Stage
from tests.acceptance.workers import (
    WorkerProcess,
    job,
    lives,
    make_job,
    open_gate,
    pids,
    round_of,
    wait_status,
    written,
)
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("database")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
def test_job_runs_to_its_end_and_enqueues_the_next() -> None:
    first = make_job(prompts=3, seconds=0.01, next="train")
    with WorkerProcess() as worker:
        wait_status(first.id, JobStatus.done)
        wait_status(first.id + 1, JobStatus.done)
        assert worker.terminate() == 0
    done = job(first.id)
    assert (done.done, done.total, done.unit, done.attempt) == (3, 3, "prompts", 1)
    assert done.executor_id == worker.executor_id
    assert done.active_key is None
    assert done.last_metrics == {"loss": 1 / 3, "step": 2}
    assert "attempt 1 pid" in done.log_tail
    assert job(first.id + 1).queue == "train"


def test_killed_worker_takes_its_child_along_and_resumes_under_the_same_id() -> None:
    result = make_job(prompts=6, hold_at=3, grandchild=True)
    with WorkerProcess(executor_id="host-gpu0") as worker:
        until(lambda: len(written(result.id)) == 3)
        processes = pids(result.id)
        worker.kill()
    assert len(processes) == 2
    until(lambda: not any(map(lives, processes)))
    assert job(result.id).status == JobStatus.running
    assert written(result.id) == [0, 1, 2]
    with WorkerProcess(executor_id="host-gpu0"):
        wait_status(result.id, JobStatus.done)
    assert written(result.id) == list(range(6))
    assert job(result.id).attempt == 2
    assert job(result.id).done == 6


def test_stopped_worker_ends_its_child_and_the_job_resumes() -> None:
    result = make_job(prompts=4, hold_at=2, stubborn=True)
    with WorkerProcess() as worker:
        until(lambda: len(written(result.id)) == 2)
        processes = pids(result.id)
        assert worker.terminate() == 0
        assert not any(map(lives, processes))
        assert "Traceback" not in worker.errors()
    assert job(result.id).status == JobStatus.queued
    with WorkerProcess() as again:
        assert again.executor_id == worker.executor_id
        wait_status(result.id, JobStatus.done)
    assert written(result.id) == list(range(4))


def test_reaper_moves_the_job_of_a_killed_worker_to_a_living_one() -> None:
    result = make_job(Stage.train, prompts=4, hold_at=2)
    with WorkerProcess() as first, WorkerProcess() as second:
        until(lambda: len(written(result.id)) == 2)
        dead, alive = (first, second) if job(result.id).executor_id == first.executor_id else (second, first)
        dead.kill()
        wait_status(result.id, JobStatus.done)
    assert job(result.id).executor_id == alive.executor_id
    assert job(result.id).attempt == 2
    assert written(result.id) == list(range(4))


@on_sqlite
def test_zombie_of_an_older_attempt_writes_nothing() -> None:
    result = make_job(prompts=30, hold_at=3)
    with WorkerProcess():
        until(lambda: len(written(result.id)) == 3)
        with session() as db:
            db.get_one(tables.Job, result.id).attempt += 1  # as if another executor had taken the job over
        open_gate()
        until(lambda: not any(map(lives, pids(result.id))))
        with session() as db, pytest.raises(Cancelled):
            fenced(db, result.id, 1)
    assert written(result.id) == [0, 1, 2]


@on_sqlite
def test_job_whose_child_found_the_database_away_begins_again() -> None:
    result = make_job(prompts=3, seconds=0, end_at=1, how="away")
    with WorkerProcess():
        wait_status(result.id, JobStatus.done)
    assert job(result.id).attempt == 2
    assert job(result.id).error is None
    assert written(result.id) == [0, 1, 2]


@on_sqlite
def test_child_that_ends_badly_fails_job_and_round() -> None:
    says = {
        "exit": "The generate process of job 1 ended with exit code 3. The last it printed: the disk is full",
        "signal": "was killed (SIGKILL), which is what the system does when memory runs out.",
        "forget": "ended with exit code 0.",
        "fail": "The judge answered nonsense. Choose another judge.",
    }
    jobs = {how: make_job(prompts=3, seconds=0, end_at=1, how=how) for how in says}
    with WorkerProcess():
        for each in jobs.values():
            wait_status(each.id, JobStatus.failed)
    for how, sentence in says.items():
        failed, round_ = job(jobs[how].id), round_of(jobs[how].id)
        assert sentence in str(failed.error)
        assert failed.active_key is None
        assert (round_.status, round_.error) == (RoundStatus.failed, failed.error)
        assert written(failed.id) == [0]
