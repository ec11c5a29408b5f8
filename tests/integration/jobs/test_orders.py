"""What workers are told: who may tell them, what a worker that rests is not given, and what outlasts its process."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.jobs import executors, helping, orders
from backend.services.operations import workers
from backend.services.operations.workers import WorkerState
from backend.services.people import accounts
from backend.services.rounds import job_views
from backend.values import Role, Stage, WorkerOrder
from tests import rows
from tests.integration.jobs.test_helpers import executor, shared, waiting

pytestmark = pytest.mark.usefixtures("database")


def order(executor_id: str, worker_order: WorkerOrder) -> None:
    with session() as db:
        orders.tell(db, [executor_id], worker_order)


def test_a_pause_outlasts_the_worker_s_process_and_a_drain_does_not() -> None:
    for reply, after in ((WorkerOrder.pause, WorkerOrder.pause), (WorkerOrder.drain, WorkerOrder.work)):
        for is_again in (False, True):
            lock = executors.claim(f"host-{reply}")
            worker_order = executors.register(lock, ["generate"], keeps_pause=True)
            assert worker_order is (after if is_again else WorkerOrder.work)
            order(lock.executor_id, reply)
            lock.release()
    lock = executors.claim("host-pause")  # as one that was given no name: the id is a slot of the machine
    assert executors.register(lock, ["generate"]) is WorkerOrder.work
    lock.release()


def test_who_rests_is_asked_for_no_help_and_sent_home_from_it() -> None:
    job, (helper,) = shared()
    for name in ("host-0", "host-1", "host-2"):
        executor(name)
    assert helping.idle(job.id) == {"host-1", "host-2"}
    assert not orders.is_sent_home(helper)
    for name in ("host-0", "host-1"):
        order(name, WorkerOrder.pause)
    assert helping.idle(job.id) == {"host-2"}
    assert orders.is_sent_home(helper)
    with session() as db:
        helping.ask(db, job, 1)
    (asked,) = waiting(job)
    assert helping.join(asked.id, "host-1") is None


def test_an_owner_tells_workers_and_sees_what_each_does() -> None:
    job, _ = shared()
    for name, columns in {"own": {}, "host-0": {}, "web": {"is_embedded": True}, "gone": {"stopped_at": now()}}.items():
        executor(name, **columns)
    owner = accounts.local_owner()

    def states() -> dict[str, WorkerState]:
        return {worker_view.id: worker_view.state for worker_view in workers.listing(owner)}

    assert states() == {"host-0": WorkerState.busy, "own": WorkerState.busy, "web": WorkerState.idle}
    does = {
        worker_view.id: [(w.job_id, w.stage, w.round_number, w.helps) for w in worker_view.work]
        for worker_view in workers.listing(owner)
    }
    assert does == {
        "host-0": [(job.id, Stage.generate, 1, True)],
        "own": [(job.id, Stage.generate, 1, False)],
        "web": [],
    }
    assert workers.tell(owner, WorkerOrder.pause).workers == ["host-0", "own", "web"]
    assert states() == {"host-0": WorkerState.pausing, "own": WorkerState.pausing, "web": WorkerState.paused}
    assert workers.tell(owner, WorkerOrder.drain).workers == ["host-0", "own"]
    assert workers.tell(owner, WorkerOrder.work, "own") == workers.OrderOutcome(["own"], silent=[])
    assert states() == {"host-0": WorkerState.draining, "own": WorkerState.busy, "web": WorkerState.paused}
    with pytest.raises(Conflict, match="part of a web process"):
        workers.tell(owner, WorkerOrder.drain, "web")
    with pytest.raises(NotFound):
        workers.tell(owner, WorkerOrder.pause, "gone")
    with reading() as db:
        noted = db.execute(select(tables.Event.verb, tables.Event.subject).order_by(tables.Event.id)).tuples().all()
    assert noted[-3:] == [("drain worker", "host-0"), ("drain worker", "own"), ("resume worker", "own")]


def test_who_obeys_nothing_is_not_told_and_who_is_silent_is_named() -> None:
    owner = accounts.local_owner()
    executor("old", version="")
    with pytest.raises(Conflict, match="obeys no orders"):
        workers.tell(owner, WorkerOrder.drain, "old")
    executor("still", heartbeat_at=now() - timedelta(minutes=2))
    assert workers.tell(owner, WorkerOrder.pause) == workers.OrderOutcome(["still"], silent=["still"])
    with reading() as db:
        assert db.get_one(tables.Executor, "old").told is WorkerOrder.work


def test_members_see_the_work_of_their_project_and_tell_nobody() -> None:
    job, _ = shared()
    executor("own")
    with reading() as db:
        project = db.get_one(tables.Project, job.project_id)
    member, other = rows.make_actor(project, Role.viewer), rows.make_project()
    (worker_view,) = workers.listing(member, project.id)
    assert [(worker_job.job_id, worker_job.project) for worker_job in worker_view.work] == [(job.id, project.name)]
    (hidden,) = workers.listing(rows.make_actor(other, Role.admin), other.id)
    assert hidden.work == [workers.WorkerJob(None, None, None, None, "", helps=None, since=None)]
    assert [(entry.host, entry.process_id) for entry in (worker_view, hidden)] == [("", None)] * 2
    (full,) = workers.listing(accounts.local_owner())
    assert (full.host, full.process_id) == ("other-host", 1)
    for act in (lambda: workers.tell(member, WorkerOrder.pause), lambda: workers.listing(member)):
        with pytest.raises(PermissionDenied):
            act()
    with pytest.raises(NotFound):
        workers.listing(member, other.id)


def test_a_job_says_that_those_who_could_take_it_rest() -> None:
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
    executor("only")
    owner = accounts.local_owner()

    def why() -> Any:
        return job_views.get(owner, job.id).job.waits_for

    assert why() == ""
    workers.tell(owner, WorkerOrder.pause, "only")
    assert "page Workers" in why()
