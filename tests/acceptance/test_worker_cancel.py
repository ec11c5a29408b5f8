"""Cancelling stops the processes at once and frees the place of the next job; resuming keeps what was done."""

import pytest

from backend import jobs
from backend.db import session
from backend.values import JobStatus
from tests.acceptance.workers import (
    WorkerProcess,
    job,
    lives,
    make_job,
    pids,
    wait_status,
    written,
)
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("database")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def cancel(job_id: int) -> None:
    with session() as db:
        jobs.cancel(db, job_id)


def test_cancel_ends_the_process_group_and_the_next_job_starts() -> None:
    long, next_one = make_job(prompts=1, seconds=3600, grandchild=True), make_job(prompts=1, seconds=0)
    with WorkerProcess() as worker:
        until(lambda: len(pids(long.id)) == 2)
        processes = pids(long.id)
        cancel(long.id)
        took = until(lambda: not any(map(lives, processes)))
        took += until(lambda: job(next_one.id).status != JobStatus.queued)
        wait_status(next_one.id, JobStatus.done)
        cancel(long.id)
        assert worker.terminate() == 0
        assert "Traceback" not in worker.errors()
    print(f"cancelled, and the next one begun, after {took:.2f} s")
    assert job(long.id).status == JobStatus.cancelled


@on_sqlite
def test_cancel_ends_a_process_that_ignores_the_request() -> None:
    result = make_job(prompts=1, seconds=3600, stubborn=True)
    with WorkerProcess():
        until(lambda: pids(result.id))
        until(lambda: job(result.id).total == 1)
        cancel(result.id)
        until(lambda: not any(map(lives, pids(result.id))))


def test_cancelled_job_resumes_with_what_is_missing() -> None:
    result = make_job(prompts=5, hold_at=2)
    with WorkerProcess():
        until(lambda: len(written(result.id)) == 2)
        cancel(result.id)
        until(lambda: not any(map(lives, pids(result.id))))
        kept = written(result.id)
        with session() as db:
            jobs.resume(db, result.id)
        wait_status(result.id, JobStatus.done)
    assert kept == [0, 1]
    assert written(result.id) == list(range(5))


@on_sqlite
def test_cancelled_before_it_began_never_runs() -> None:
    first, second = make_job(prompts=1, seconds=0), make_job(prompts=1, seconds=0)
    cancel(first.id)
    with WorkerProcess():
        wait_status(second.id, JobStatus.done)
    assert job(first.id).status == JobStatus.cancelled
    assert written(first.id) == []
