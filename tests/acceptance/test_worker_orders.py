"""A worker that was told to rest takes nothing, and works again when it is told to."""

import signal

import pytest

from backend.services.operations import workers
from backend.services.people import accounts
from backend.values import JobStatus, WorkerOrder
from tests.acceptance.workers import WorkerProcess, job, make_job, open_gate, wait_status, written
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def test_jobs_go_to_who_works_and_not_to_who_rests() -> None:
    owner = accounts.local_owner()
    with WorkerProcess(executor_id="one"), WorkerProcess(executor_id="two"):
        for rests, works in (("one", "two"), ("two", "one")):
            workers.tell(owner, WorkerOrder.work, works)
            workers.tell(owner, WorkerOrder.pause, rests)
            # At once: what the one that rests takes before it heard of that, it hands back.
            made = [make_job(prompts=1) for _ in range(2)]
            for each in made:
                wait_status(each.id, JobStatus.done)
                assert job(each.id).executor_id == works
                assert job(each.id).attempt == 1


def test_a_pause_lets_go_on_what_runs_and_a_drained_worker_ends_after_it() -> None:
    owner, made = accounts.local_owner(), make_job(prompts=4, hold_at=2)
    with WorkerProcess(executor_id="one") as worker:
        until(lambda: len(written(made.id)) == 2)
        workers.tell(owner, WorkerOrder.pause, "one")
        waits = make_job(prompts=1)
        open_gate()
        wait_status(made.id, JobStatus.done)
        assert job(made.id).attempt == 1
        workers.tell(owner, WorkerOrder.drain, "one")
        assert worker.process.wait(PATIENCE) == 0
        assert "Traceback" not in worker.errors()
        assert workers.listing(owner) == []
        assert job(waits.id).status is JobStatus.queued
    with WorkerProcess(executor_id="one") as worker:  # it was drained once, and starts anew
        wait_status(waits.id, JobStatus.done)
        worker.process.send_signal(signal.SIGUSR1)  # what Kubernetes and Slurm send
        assert worker.process.wait(PATIENCE) == 0
