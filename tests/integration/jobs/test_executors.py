"""Whose work moves: that of executors which are surely dead, and no other."""

import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict
from backend.jobs import durable, endings, executors, orders, transitions
from backend.values import JobStatus, RoundStatus, Stage, WorkerOrder
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def running_job(executor_id: str) -> tables.Job:
    """A job whose workflow that executor took, as DBOS' own dequeue leaves it."""
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
    with session() as db:
        table = "workflow_status" if db.get_bind().dialect.name == "sqlite" else "dbos.workflow_status"
        statement = f"UPDATE {table} SET status = 'PENDING', executor_id = :executor WHERE workflow_uuid = :id"
        db.execute(text(statement), {"executor": executor_id, "id": job.workflow_id})
    transitions.start(job.id, job.workflow_id, executor_id)
    return job


def status(job: tables.Job) -> JobStatus:
    with reading() as db:
        return db.get_one(tables.Job, job.id).status


def keeper(dead_after_seconds: float = 30) -> executors.Keeper:
    return executors.Keeper("reaper", heartbeat_seconds=1, dead_after_seconds=dead_after_seconds)


def elsewhere(executor_id: str, **columns: object) -> None:
    values = {"host": "other-host", "process_id": 1, "queues": "generate", "started_at": now(), "heartbeat_at": now()}
    with session() as db:
        db.add(tables.Executor(id=executor_id, **values | columns))


def test_work_stays_while_the_lock_is_held_and_moves_when_it_is_free() -> None:
    lock = executors.claim("held")
    executors.register(lock, ["generate"])
    job = running_job("held")
    with session() as db:
        db.get_one(tables.Executor, "held").heartbeat_at = now() - timedelta(hours=1)
    assert keeper(dead_after_seconds=0).recover() == 0
    lock.release()
    assert keeper().recover() == 1
    assert status(job) == JobStatus.queued
    assert keeper().recover() == 0


def test_other_machine_s_work_moves_once_its_heartbeat_stands_still() -> None:
    elsewhere("far-0", heartbeat_at=now() - timedelta(days=1))  # its clock is wrong, its heart beats
    job = running_job("far-0")
    mine = keeper(dead_after_seconds=0.2)
    for _ in range(3):
        assert mine.recover() == 0
        time.sleep(0.1)
        with session() as db:
            db.get_one(tables.Executor, "far-0").heartbeat_at += timedelta(seconds=1)
    mine.recover()
    time.sleep(0.25)
    assert mine.recover() == 1
    assert status(job) == JobStatus.queued


def test_nobody_is_dead_for_the_time_that_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    first = executors.Keeper("one", heartbeat_seconds=3, dead_after_seconds=24, clock=lambda: clock[0])
    for name in ("one", "far-0"):
        elsewhere(name)
    job = running_job("far-0")
    first.beat()
    with monkeypatch.context() as away:
        away.setattr(executors, "session", refused)
        clock[0] += 60
        first.beat()
    first.beat()
    clock[0] += 20
    first.beat()
    assert status(job) == JobStatus.running
    executors.Keeper("far-0", heartbeat_seconds=3, dead_after_seconds=24).beat()  # it is back
    clock[0] += 20
    first.beat()
    assert status(job) == JobStatus.running
    clock[0] += 25
    first.beat()
    assert status(job) == JobStatus.queued


def refused() -> Any:
    raise OperationalError("connect", {}, ConnectionError("refused"))


def test_a_worker_that_a_signal_drains_says_so_once() -> None:
    worker_orders: list[WorkerOrder] = []
    drains = threading.Event()
    elsewhere("mine")
    mine = executors.Keeper(
        "mine", heartbeat_seconds=3, dead_after_seconds=24, obey=worker_orders.append, drains=drains
    )
    mine.beat()
    drains.set()
    mine.beat()
    with session() as db:
        orders.tell(db, ["mine"], WorkerOrder.work)
    mine.beat()
    assert worker_orders == [WorkerOrder.work, WorkerOrder.drain, WorkerOrder.work]


def test_a_command_leaves_the_concurrency_that_a_worker_set() -> None:
    def numbers() -> dict[str, int | None]:
        queues = durable.client().list_queues()
        return {queue.name: queue.worker_concurrency for queue in queues if queue.name in durable.ALL_QUEUES}

    durable.prepare(concurrency=3)
    durable.prepare()
    assert numbers() == {"generate": 3, "train": 3, "export": 1}
    durable.prepare(concurrency=2)
    assert numbers() == {"generate": 2, "train": 2, "export": 1}


def test_retired_executor_s_work_moves_at_once() -> None:
    elsewhere("far-0")
    job = running_job("far-0")
    assert keeper().recover() == 0
    executors.retire("far-0")
    assert keeper().recover() == 1
    assert status(job) == JobStatus.queued


def test_job_whose_workflow_is_over_is_queued_again() -> None:
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
    assert keeper().recover() == 0
    durable.withdraw([job.workflow_id])
    assert keeper().recover() == 1
    assert keeper().recover() == 0


def test_own_leftovers_move_only_when_asked_to() -> None:
    job = running_job("reaper")
    assert keeper().recover() == 0
    assert keeper().recover(own=True) == 1
    assert status(job) == JobStatus.queued
    assert durable.started_by("reaper") == []


def lose(job: tables.Job, *, done: int, times: int = 1) -> None:
    """The job is taken, gets so far, and its worker dies, so many times."""
    for _ in range(times):
        with session() as db:
            row = db.get_one(tables.Job, job.id)
            row.done, row.total, row.unit = done, 96, "prompts"
            workflow_id = row.workflow_id
        transitions.take_over(job.id, workflow_id)
        with reading() as db:
            workflow_id = db.get_one(tables.Job, job.id).workflow_id
        transitions.start(job.id, workflow_id, "next")


def test_a_job_that_takes_its_worker_down_again_and_again_is_given_up_and_may_be_retried() -> None:
    job = running_job("reaper")
    lose(job, done=3, times=transitions.MAX_LOSSES - 1)
    lose(job, done=12, times=transitions.MAX_LOSSES - 1)  # it got on, so the count began anew
    assert status(job) == JobStatus.running
    lose(job, done=12)
    with reading() as db:
        failed, round_ = db.get_one(tables.Job, job.id), db.get_one(tables.Round, job.round_id)
    assert failed.status == JobStatus.failed
    assert failed.active_key is None
    assert f"lost its worker {transitions.MAX_LOSSES} times in a row without getting further than 12 of 96 prompts" in (
        failed.error or ""
    )
    assert (round_.status, round_.error) == (RoundStatus.failed, failed.error)
    assert keeper().recover() == 0
    with session() as db:
        jobs.resume(db, job.id)
    lose(job, done=12)
    assert status(job) != JobStatus.failed


def test_a_job_that_finds_the_database_away_again_and_again_waits_longer_and_says_what_was_missing() -> None:
    job = running_job("reaper")
    lose(job, done=12, times=transitions.MAX_LOSSES - 1)
    assert transitions.losses(job.id) == transitions.MAX_LOSSES - 1
    with reading() as db:
        workflow_id = db.get_one(tables.Job, job.id).workflow_id
    assert not transitions.take_over(job.id, workflow_id, was_away=True)
    with reading() as db:
        error = db.get_one(tables.Job, job.id).error or ""
    assert "lost the database" in error
    assert "max_connections" in error
    assert "memory" not in error
    assert [endings.pause_seconds(losses) for losses in (0, 1, 2, 7)] == [0, 2, 4, 60]


def test_a_worker_that_hands_its_jobs_back_has_not_lost_them() -> None:
    job = running_job("reaper")
    assert keeper().recover(own=True, stopping=True) == 1
    with reading() as db:
        assert db.get_one(tables.Job, job.id).losses == 0


def test_id_of_a_living_worker_elsewhere_is_refused() -> None:
    elsewhere("gpu0")
    lock = executors.claim("gpu0")
    with pytest.raises(Conflict, match="belonged to a worker on other-host"):
        executors.register(lock, ["train"])
    with session() as db:
        db.get_one(tables.Executor, "gpu0").heartbeat_at = now() - timedelta(minutes=1)
    executors.register(lock, ["train"])
    with reading() as db:
        assert db.get_one(tables.Executor, "gpu0").host == socket.gethostname()
    lock.release()
