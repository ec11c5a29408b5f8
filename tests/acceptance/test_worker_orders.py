"""A worker that was told to rest takes nothing, and works again when it is told to."""

import signal

import pytest

from backend.services.operations import workers
from backend.services.people import accounts
from backend.values import JobStatus, WorkerOrder
from tests.acceptance.workers import WorkerProcess, job, make_job, open_gate, wait_status, written
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def test_workers_rest_go_on_and_end_as_they_are_told() -> None:
    owner = accounts.local_owner()
    with WorkerProcess(executor_id="one") as worker_process, WorkerProcess(executor_id="two") as two:
        workers.tell(owner, WorkerOrder.pause, "two")
        # At once: what the one that rests takes before it heard of that, it hands back.
        held = make_job(prompts=4, hold_at=2)
        until(lambda: len(written(held.id)) == 2)
        assert job(held.id).executor_id == "one"
        workers.tell(owner, WorkerOrder.pause, "one")
        workers.tell(owner, WorkerOrder.work, "two")
        other = make_job(prompts=1)
        wait_status(other.id, JobStatus.done)
        assert job(other.id).executor_id == "two"
        workers.tell(owner, WorkerOrder.drain, "one")
        open_gate()
        wait_status(held.id, JobStatus.done)  # a pause and a drain let go on what runs
        assert job(held.id).attempt == 1
        two.process.send_signal(signal.SIGUSR1)  # what Kubernetes and Slurm send
        for each in (worker_process, two):
            assert each.process.wait(PATIENCE) == 0
            assert "Traceback" not in each.errors()
        assert workers.listing(owner) == []
    waits = make_job(prompts=1)
    with WorkerProcess(executor_id="one"):  # it was drained once, and starts anew
        wait_status(waits.id, JobStatus.done)
