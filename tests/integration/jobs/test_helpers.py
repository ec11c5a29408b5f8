"""Whose batch is whose: each is claimed once, written once, and free again when who held it is gone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.pages.jobs import card_value
from backend import jobs, recipes
from backend.db import now, reading, session, tables
from backend.errors import Cancelled
from backend.jobs import durable, executors, helpers, transitions
from backend.jobs.helpers import OWN, BatchLost, Held
from backend.pipeline.split import Parts
from backend.pipeline.stage import StageContext
from backend.services.rounds import job_views
from backend.values import JobStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def running(executor_id: str = "own") -> tables.Job:
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
    assert transitions.start(job.id, job.workflow_id, executor_id) == 1
    with reading() as db:
        return db.get_one(tables.Job, job.id)


def shared(batches: int = 3, helping: int = 1) -> tuple[tables.Job, list[int]]:
    """A running job whose stage is shared, and the helpers that began."""
    job = running()
    with session() as db:
        helpers.share(db, job, range(batches))
        helpers.ask(db, job, helping)
    with reading() as db:
        ids = list(
            db.scalars(select(tables.Helper.id).where(tables.Helper.job_id == job.id).order_by(tables.Helper.id))
        )
    assert [helpers.join(one, f"host-{n}") for n, one in enumerate(ids)] == [(job.id, 1)] * helping
    return job, ids


def settle(job: tables.Job, number: int, holder: int, units: int = 1) -> None:
    with session() as db:
        Held(job.id, number, holder, units).settle(db)


def executor(id_: str, **columns: Any) -> None:
    values = {"host": "other-host", "process_id": 1, "queues": "generate", "started_at": now(), "heartbeat_at": now()}
    with session() as db:
        db.add(tables.Executor(id=id_, **values | columns))


def test_each_batch_is_claimed_once_and_what_helpers_did_adds_up() -> None:
    job, (first, second) = shared(batches=3, helping=2)
    claimed = [helpers.claim(job.id, 1, holder) for holder in (OWN, first, second, OWN, first)]
    assert claimed == [0, 1, 2, None, None]
    assert helpers.standing(job.id, 1) == helpers.Standing(free=0, away=2, done=0, helpers=2)
    settle(job, 0, OWN)
    settle(job, 1, first, units=4)
    settle(job, 2, second, units=3)
    assert helpers.standing(job.id, 1) == helpers.Standing(free=0, away=0, done=7, helpers=2)
    with pytest.raises(BatchLost):
        settle(job, 1, first)
    helpers.write_log_tail(first, "a line", process_id=5)
    assert helpers.tails(job.id, 1) == "\n--- helper host-0\na line\n--- helper host-1\n(it printed nothing)"
    with reading() as db:
        project = db.get_one(tables.Project, job.project_id)
    assert "with 2 more workers" in card_value(job_views.get(rows.make_actor(project), job.id).job)["facts"]


def test_the_batch_of_a_dead_worker_goes_on_elsewhere_and_what_it_still_writes_is_refused() -> None:
    job, (helper, other) = shared(batches=2, helping=2)
    executor("own")
    executor("host-0", heartbeat_at=now() - timedelta(seconds=5))
    executor("host-1")
    assert helpers.claim(job.id, 1, helper) == 0
    keeper = executors.Keeper("keeper", heartbeat_seconds=1, dead_after_seconds=0)
    is_dead = {"host-0": False, "host-1": False}
    assert helpers.recover(is_dead.__getitem__) == 0
    is_dead["host-0"] = True
    assert helpers.recover(is_dead.__getitem__) == 1
    assert helpers.recover(is_dead.__getitem__) == 0
    # The dead one thaws: it may neither write nor go on.
    with pytest.raises(BatchLost):
        settle(job, 0, helper)
    assert helpers.claim(job.id, 1, helper) is None
    assert not helpers.look(helper)
    assert helpers.claim(job.id, 1, other) == 0
    settle(job, 0, other)
    # By its heartbeat, seen from another machine: the first look sees it, the second that it stands still.
    assert helpers.claim(job.id, 1, other) == 1
    for _ in range(2):
        keeper.recover()
    assert helpers.standing(job.id, 1).free == 1
    with session() as db:
        helpers.ask(db, job, 2)
        third, fourth = db.scalars(select(tables.Helper).where(tables.Helper.started_at.is_(None)))
    assert helpers.join(third.id, "own")
    assert helpers.join(fourth.id, "own")
    assert helpers.claim(job.id, 1, third.id) == 1
    durable.withdraw([third.workflow_id])  # stands for a workflow that ended while the database was away
    assert helpers.recover(lambda _: False) == 1
    assert helpers.claim(job.id, 1, fourth.id) == 1
    helpers.leave(fourth.id, error="no key")
    assert helpers.standing(job.id, 1).free == 1
    assert helpers.standing(job.id, 1).helpers == 1, "the worker of one that failed is not asked again"


def test_no_help_is_begun_with_a_job_that_needs_none() -> None:
    job, (helper,) = shared()
    with session() as db:
        helpers.ask(db, job, 2)
        late, later = db.scalars(select(tables.Helper.id).where(tables.Helper.started_at.is_(None)))
    assert helpers.look(helper)
    for number in range(3):
        assert helpers.claim(job.id, 1, OWN) == number
    assert helpers.join(late, "host-1") is None
    with session() as db:
        jobs.cancel(db, job.id)
    assert not helpers.look(helper)
    assert helpers.join(later, "host-1") is None
    with reading() as db:
        assert db.scalars(select(tables.Batch)).all() == []


def test_a_later_attempt_shares_anew() -> None:
    job, (helper,) = shared(batches=2)
    assert helpers.claim(job.id, 1, helper) == 0
    assert transitions.take_over(job.id, job.workflow_id)
    with reading() as db:
        again = db.get_one(tables.Job, job.id)
    assert transitions.start(job.id, again.workflow_id, "own") == 2
    assert not helpers.look(helper)
    with session() as db:
        helpers.share(db, db.get_one(tables.Job, job.id), [0, 1])
    assert helpers.claim(job.id, 1, helper) is None
    assert helpers.claim(job.id, 2, OWN) == 0
    with pytest.raises(BatchLost):
        settle(job, 0, helper)


def test_earlier_rounds_come_first_and_helpers_make_way_for_them() -> None:
    first, second = rows.make_round(rows.make_project()), rows.make_round(rows.make_project())
    made = {}
    with session() as db:
        for round_ in (second, first):
            made[round_.id] = jobs.enqueue(db, stage=Stage.judge, project_id=round_.project_id, round_id=round_.id)
        alone = jobs.enqueue(db, stage=Stage.judge, project_id=first.project_id)
        table = "workflow_status" if db.get_bind().dialect.name == "sqlite" else "dbos.workflow_status"
        found = db.execute(text(f"SELECT workflow_uuid, priority FROM {table}")).tuples().all()
    assert dict(found) == {
        made[first.id].workflow_id: first.id,
        made[second.id].workflow_id: second.id,
        alone.workflow_id: 0,
    }
    with session() as db:
        jobs.cancel(db, alone.id)
    assert helpers.is_wanted_elsewhere(made[second.id].id)
    assert not helpers.is_wanted_elsewhere(made[first.id].id)


def test_a_stage_is_shared_only_where_others_live_and_it_is_worth_it() -> None:
    job = running()
    with reading() as db:
        round_ = db.get_one(tables.Round, job.round_id)
    stage = StageContext(job.id, 1, round_, recipes.get("rest_em"), jobs.JobProgress(job.id, 1))

    def done_by(batches: int, **more: bool) -> list[int]:
        return [part.number for part in Parts(stage, range(batches), **{"may_share": True, "is_long": True} | more)]

    executor("own")
    executor("trainer", queues="train")
    executor("gone", heartbeat_at=now() - timedelta(minutes=5))
    executor("stopped", stopped_at=now())
    assert done_by(20) == list(range(20))
    executor("other")
    assert helpers.others(job.id) == 1
    for alone in (done_by(7), done_by(20, may_share=False), done_by(20, is_long=False)):
        assert alone == list(range(len(alone)))
    with reading() as db:
        assert db.scalars(select(tables.Helper)).all() == []
    parts = Parts(stage, range(20), may_share=True, is_long=True)
    taken = iter(parts)
    assert next(taken).number == 0
    assert parts.is_shared
    with reading() as db:
        (helper,) = db.scalars(select(tables.Helper))
    assert helpers.join(helper.id, "other") == (job.id, 1)
    assert helpers.claim(job.id, 1, helper.id) == 1
    helpers.leave(helper.id)
    with session() as db:
        jobs.cancel(db, job.id)
    with pytest.raises(Cancelled):
        next(taken)
    with reading() as db:
        assert db.get_one(tables.Job, job.id).status is JobStatus.cancelled
