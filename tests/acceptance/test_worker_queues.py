"""Several workers share one database: each takes from its own queues, and no two are the same executor."""

import pytest

from backend.values import JobStatus, Stage
from tests.acceptance.workers import WorkerProcess, job, make_job, open_gate, pids, wait_status, written
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("database")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
def test_each_worker_takes_only_from_its_own_queues() -> None:
    generating = [make_job(prompts=1, seconds=0.1) for _ in range(2)]
    training = [make_job(Stage.train, prompts=1, seconds=0.1) for _ in range(2)]
    with WorkerProcess("generate") as generator, WorkerProcess("train") as trainer:
        for result in generating + training:
            wait_status(result.id, JobStatus.done)
        assert {job(outcome.id).executor_id for outcome in generating} == {generator.executor_id}
        assert {job(outcome.id).executor_id for outcome in training} == {trainer.executor_id}


@on_sqlite
def test_killed_trainer_s_job_waits_for_a_worker_of_its_queue() -> None:
    result = make_job(Stage.train, prompts=4, hold_at=2)
    with WorkerProcess("train", "trainer") as trainer:
        until(lambda: len(written(result.id)) == 2)
        trainer.kill()
    with WorkerProcess("generate", "trainer") as generator:  # the same id may come back with other queues
        other = make_job(prompts=1, seconds=0)
        wait_status(other.id, JobStatus.done)
        wait_status(result.id, JobStatus.queued)
        assert generator.terminate() == 0
    with WorkerProcess("train"):
        wait_status(result.id, JobStatus.done)
    assert written(result.id) == list(range(4))


def test_two_workers_share_one_queue() -> None:
    held = [make_job(prompts=1, hold_at=0) for _ in range(2)]
    jobs = [*held, *(make_job(prompts=1) for _ in range(2))]
    with WorkerProcess("generate") as worker_process, WorkerProcess("generate") as two:
        until(lambda: all(pids(each.id) for each in held))
        open_gate()
        for each in jobs:
            wait_status(each.id, JobStatus.done)
        assert {job(each.id).executor_id for each in jobs} == {worker_process.executor_id, two.executor_id}
        assert all(job(each.id).attempt == 1 for each in jobs)
        assert worker_process.executor_id != two.executor_id


@on_sqlite
def test_executor_id_in_use_is_refused() -> None:
    with WorkerProcess("generate", "host-gpu0"):
        second = WorkerProcess("generate", "host-gpu0")
        assert second.process.wait(120) != 0
        assert "The executor id 'host-gpu0' belongs to a running worker." in second.errors()
