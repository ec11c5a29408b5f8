"""Whose batch is whose: each is claimed once, written once, and free again when who held it is gone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from app.pages.jobs import card_value
from backend import jobs, recipes
from backend.db import now, reading, session, tables
from backend.db.session import read_engine
from backend.errors import Cancelled
from backend.jobs import durable, executors, helping, transitions
from backend.jobs.helping import OWN, BatchLost, HeldBatch
from backend.pipeline import split
from backend.pipeline.split import Parts, SharedBatch
from backend.pipeline.stage import Helping, StageContext
from backend.services.rounds import job_views
from backend.values import JobStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database", "alive")


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker of a test counts as gone, however long the test stands still."""
    monkeypatch.setattr(helping, "ALIVE_SECONDS", 240.0)


def running(executor_id: str = "own") -> tables.Job:
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, round_id=round_.id)
    assert transitions.start(job.id, job.workflow_id, executor_id) == 1
    with reading() as db:
        return db.get_one(tables.Job, job.id)


def shared(batches: int = 3, number: int = 1) -> tuple[tables.Job, list[int]]:
    """A running job whose stage is shared, and the helpers that began."""
    job = running()
    with session() as db:
        helping.share(db, job, range(batches))
        helping.ask(db, job, number)
    with reading() as db:
        ids = list(
            db.scalars(select(tables.Helper.id).where(tables.Helper.job_id == job.id).order_by(tables.Helper.id))
        )
    assert [helping.join(key, f"host-{n}") for n, key in enumerate(ids)] == [(job.id, 1)] * number
    return job, ids


def settle(job: tables.Job, number: int, holder: int, units: int = 1) -> None:
    with session() as db:
        HeldBatch(job.id, number, holder, units).settle(db)


def executor(id_: str, **columns: Any) -> None:
    values = {"host": "other-host", "process_id": 1, "queues": "generate", "started_at": now(), "heartbeat_at": now()}
    with session() as db:
        db.add(tables.Executor(id=id_, **{"can_help": True, "version": "0.2.0"} | values | columns))


def waiting(job: tables.Job) -> list[tables.Helper]:
    """The job's helpers that no worker has taken."""
    row = tables.Helper
    with reading() as db:
        query = select(row).where(row.job_id == job.id, row.started_at.is_(None), row.ended_at.is_(None))
        return list(db.scalars(query.order_by(row.id)))


def test_each_batch_is_claimed_once_and_what_helpers_did_adds_up() -> None:
    job, (first, second) = shared(batches=3, number=2)
    claimed = [helping.claim(job.id, 1, holder) for holder in (OWN, first, second, OWN, first)]
    assert claimed == [0, 1, 2, None, None]
    assert helping.standing(job.id, 1) == helping.StageStanding(0, {1: first, 2: second}, done=0, coming=0, in_vain=0)
    settle(job, 0, OWN)
    settle(job, 1, first, units=4)
    settle(job, 2, second, units=3)
    assert helping.standing(job.id, 1) == helping.StageStanding(0, {}, done=7, coming=0, in_vain=0)
    with pytest.raises(BatchLost):
        settle(job, 1, first)
    helping.write_log_tail(first, "a line", process_id=5)
    assert helping.tails(job.id, 1) == "\n--- helper host-0\na line\n--- helper host-1\n(it printed nothing)"
    with reading() as db:
        project = db.get_one(tables.Project, job.project_id)
    helping.leave(first)
    with session() as db:  # the same worker's, and not another one
        db.add(tables.Helper(job_id=job.id, attempt=1, workflow_id="w", executor_id="host-0", started_at=now()))
    assert "with 2 more workers" in card_value(job_views.get(rows.make_actor(project), job.id).job)["facts"]


def test_a_batch_that_is_given_back_meanwhile_is_seen_free_or_held() -> None:
    """Seen as neither, the last batch of a stage was never made on PostgreSQL."""
    job, (helper,) = shared(batches=1)
    assert helping.claim(job.id, 1, helper) == 0
    left = []

    def leave(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not left and "FROM job_batches" in statement:
            left.append(helper)
            helping.leave(helper)

    event.listen(read_engine(), "after_cursor_execute", leave)
    try:
        now_ = helping.standing(job.id, 1)
    finally:
        event.remove(read_engine(), "after_cursor_execute", leave)
    assert left == [helper]
    assert (now_.free, now_.held) == (0, {0: helper})
    assert helping.standing(job.id, 1).free == 1


def test_the_batch_of_a_dead_worker_goes_on_elsewhere_and_what_it_still_writes_is_refused() -> None:
    job, (helper, other) = shared(batches=2, number=2)
    executor("own")
    executor("host-0", heartbeat_at=now() - timedelta(seconds=5))
    executor("host-1")
    assert helping.claim(job.id, 1, helper) == 0
    keeper = executors.Keeper("keeper", heartbeat_seconds=1, dead_after_seconds=0)
    is_dead = {"host-0": False, "host-1": False}
    assert helping.recover(is_dead.__getitem__) == 0
    is_dead["host-0"] = True
    assert helping.recover(is_dead.__getitem__) == 1
    assert helping.recover(is_dead.__getitem__) == 0
    # The dead one thaws: it may neither write nor go on.
    with pytest.raises(BatchLost):
        settle(job, 0, helper)
    assert helping.claim(job.id, 1, helper) is None
    assert not helping.look(helper)
    assert helping.claim(job.id, 1, other) == 0
    settle(job, 0, other)
    # By its heartbeat, seen from another machine: the first look sees it, the second that it stands still.
    assert helping.claim(job.id, 1, other) == 1
    for _ in range(2):
        keeper.recover()
    assert helping.standing(job.id, 1).free == 1
    with session() as db:
        helping.ask(db, job, 2)
    third, fourth = waiting(job)
    assert helping.join(third.id, "host-2")
    assert helping.join(fourth.id, "host-3")
    assert helping.claim(job.id, 1, third.id) == 1
    durable.withdraw([third.workflow_id])  # stands for a workflow that ended while the database was away
    assert helping.recover(lambda _: False) == 1
    assert helping.claim(job.id, 1, fourth.id) == 1
    helping.leave(fourth.id, error="no key")
    assert helping.standing(job.id, 1).free == 1


def test_no_worker_helps_itself_or_twice_at_a_time_or_again_where_it_failed() -> None:
    job, (helper,) = shared(batches=9)
    for id_ in ("own", "host-0", "host-1", "host-2"):
        executor(id_)
    with session() as db:
        helping.ask(db, job, 3)
    assert helping.idle(job.id) == {"host-1", "host-2"}
    first, second, third = waiting(job)
    assert helping.join(first.id, "own") is None
    assert helping.join(second.id, "host-0") is None
    assert helping.join(third.id, "host-1")
    helping.leave(third.id, error="Its process was killed by SIGKILL.")
    assert helping.idle(job.id) == {"host-2"}
    assert helping.standing(job.id, 1).in_vain == 3
    with session() as db:
        helping.ask(db, job, 2)
    first, second = waiting(job)
    assert helping.standing(job.id, 1).coming == 2
    assert helping.join(first.id, "host-1") is None
    assert helping.join(second.id, "host-2")
    assert helping.look(helper)
    helping.leave(helper)
    assert helping.idle(job.id) == {"host-0"}
    # A worker of an older version takes what it cannot run.
    executor("old", can_help=False)
    assert helping.idle(job.id) == set()


def test_a_helper_that_waits_is_asked_for_once_and_leaves_the_queue_with_its_job() -> None:
    job, _ = shared(batches=9, number=0)
    executor("own")
    with session() as db:
        helping.ask(db, job, 2)
    assert helping.recover(lambda _: True) == 0, "a helper that waits in the queue is not lost"
    ids = [helper.workflow_id for helper in waiting(job)]
    assert set(durable.alive(ids)) == set(ids)
    assert transitions.take_over(job.id, job.workflow_id)
    assert durable.alive(ids) == {}
    assert waiting(job) == []
    with reading() as db:
        again = db.get_one(tables.Job, job.id)
    assert transitions.start(job.id, again.workflow_id, "own") == 2
    with session() as db:
        helping.ask(db, db.get_one(tables.Job, job.id), 1)
    ids = [helper.workflow_id for helper in waiting(job)]
    with session() as db:
        transitions.finish(db, job.id, 2)
    assert durable.alive(ids) == {}


def test_a_helper_that_a_worker_took_and_died_before_it_said_so_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    job, _ = shared(batches=9, number=0)
    with session() as db:
        helping.ask(db, job, 1)
    (helper,) = waiting(job)
    monkeypatch.setattr(durable, "alive", lambda ids: dict.fromkeys(ids, "host-0"))
    assert helping.recover(lambda _: False) == 0
    assert helping.recover(lambda id_: id_ == "host-0") == 1
    assert helping.join(helper.id, "host-1") is None


def test_no_help_is_begun_with_a_job_that_needs_none() -> None:
    job, (helper,) = shared()
    with session() as db:
        helping.ask(db, job, 2)
        late, later = db.scalars(select(tables.Helper.id).where(tables.Helper.started_at.is_(None)))
    assert helping.look(helper)
    for number in range(3):
        assert helping.claim(job.id, 1, OWN) == number
    assert helping.join(late, "host-1") is None
    with session() as db:
        jobs.cancel(db, job.id)
    assert not helping.look(helper)
    assert helping.join(later, "host-1") is None
    with reading() as db:
        assert db.scalars(select(tables.Batch)).all() == []


def test_a_later_attempt_shares_anew() -> None:
    job, (helper,) = shared(batches=2)
    assert helping.claim(job.id, 1, helper) == 0
    assert transitions.take_over(job.id, job.workflow_id)
    with reading() as db:
        again = db.get_one(tables.Job, job.id)
    assert transitions.start(job.id, again.workflow_id, "own") == 2
    assert not helping.look(helper)
    with session() as db:
        helping.share(db, db.get_one(tables.Job, job.id), [0, 1])
    assert helping.claim(job.id, 1, helper) is None
    assert helping.claim(job.id, 2, OWN) == 0
    with pytest.raises(BatchLost):
        settle(job, 0, helper)


def test_earlier_rounds_come_first_and_helpers_make_way_for_them() -> None:
    first, second = rows.make_round(rows.make_project()), rows.make_round(rows.make_project())
    fields = {}
    with session() as db:
        for round_ in (second, first):
            fields[round_.id] = jobs.enqueue(db, stage=Stage.judge, project_id=round_.project_id, round_id=round_.id)
        alone = jobs.enqueue(db, stage=Stage.judge, project_id=first.project_id)
        table = "workflow_status" if db.get_bind().dialect.name == "sqlite" else "dbos.workflow_status"
        records = db.execute(text(f"SELECT workflow_uuid, priority FROM {table}")).tuples().all()
    assert dict(records) == {
        fields[first.id].workflow_id: first.id,
        fields[second.id].workflow_id: second.id,
        alone.workflow_id: 0,
    }
    with session() as db:
        jobs.cancel(db, alone.id)
    later, row = fields[second.id].id, tables.Helper
    with session() as db:
        some = [row(job_id=later, attempt=0, workflow_id=f"w{n}", executor_id=f"h{n}", started_at=now()) for n in "01"]
        db.add_all(some)
    old, young = (entry.id for entry in some)
    # One job waits, so one of the two goes; none while another worker is idle.
    assert [helping.is_wanted_elsewhere(later, entry) for entry in (old, young)] == [False, True]
    assert not helping.is_wanted_elsewhere(fields[first.id].id, young)
    executor("idle")
    assert not helping.is_wanted_elsewhere(later, young)


def parts(job: tables.Job, batches: int, *, is_served: bool = True, may_share: bool = True) -> Parts:
    with reading() as db:
        round_ = db.get_one(tables.Round, job.round_id)
    stage = StageContext(job.id, 1, round_, recipes.get("rest_em"), jobs.JobProgress(job.id, 1))
    return Parts(stage, range(batches), may_share=may_share, is_served=lambda: is_served)


def number_of(part: SharedBatch | None) -> int:
    assert part is not None
    return part.number


def test_a_stage_is_shared_only_where_others_are_idle_and_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running()

    def done_by(batches: int, **more: bool) -> list[int]:
        return [part.number for part in parts(job, batches, **more) if part is not None]

    executor("own")
    executor("trainer", queues="train")
    executor("gone", heartbeat_at=now() - timedelta(minutes=5))
    executor("stopped", stopped_at=now())
    monkeypatch.setattr(split, "WORTH_SECONDS", 0.0)
    assert done_by(20) == list(range(20))
    executor("other")
    assert helping.idle(job.id) == {"other"}
    for alone in (done_by(1), done_by(20, may_share=False), done_by(20, is_served=False)):
        assert alone == list(range(len(alone)))
    with monkeypatch.context() as dear:
        dear.setattr(split, "WORTH_SECONDS", 60.0)
        assert done_by(20) == list(range(20))
    with reading() as db:
        assert db.scalars(select(tables.Helper)).all() == []
    taken = iter(parts(job, 20))
    # The first is done alone, to see how long one takes.
    assert [(part.number, part.holder) for part in (next(taken), next(taken)) if part] == [(0, None), (1, OWN)]
    (helper,) = waiting(job)
    assert helping.join(helper.id, "other") == (job.id, 1)
    assert helping.claim(job.id, 1, helper.id) == 2
    helping.leave(helper.id)
    with session() as db:
        jobs.cancel(db, job.id)
    with pytest.raises(Cancelled):
        next(taken)
    with reading() as db:
        assert db.get_one(tables.Job, job.id).status is JobStatus.cancelled


def test_a_batch_that_a_helper_holds_too_long_is_taken_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running()
    for id_ in ("own", "other"):
        executor(id_)
    for name, value in {"WORTH_SECONDS": 0.0, "HELD_SECONDS": 0.0, "WAIT_SECONDS": 0.01}.items():
        monkeypatch.setattr(split, name, value)
    shared_parts = parts(job, 3)
    taken = iter(shared_parts)
    next(taken)
    assert number_of(next(taken)) == 1
    (helper,) = waiting(job)
    assert helping.join(helper.id, "other")
    assert helping.claim(job.id, 1, helper.id) == 2
    settle(job, 1, OWN)
    assert number_of(next(taken)) == 2
    with pytest.raises(BatchLost):
        settle(job, 2, helper.id)
    # A helper ends by it, with all that it has under way; the job's own process goes on.
    stage = shared_parts.stage
    with pytest.raises(BatchLost):
        SharedBatch(replace(stage, helper=Helping(helper.id, 2)), 2, helper.id).settle(1)
    SharedBatch(stage, 2, helper.id).settle(1)
    settle(job, 2, OWN)
    assert list(taken) == []
    with reading() as db:
        assert "held a batch" in str(db.get_one(tables.Helper, helper.id).error)


def test_batches_under_way_are_written_before_those_of_helpers_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running()
    for id_ in ("own", "other"):
        executor(id_)
    for name, value in {"WORTH_SECONDS": 0.0, "HELD_SECONDS": 0.0, "WAIT_SECONDS": 0.01}.items():
        monkeypatch.setattr(split, name, value)
    shared = parts(job, 5)
    shared.may_overlap = True
    taken = iter(shared)
    first, second = next(taken), next(taken)
    assert first
    assert second
    assert (first.holder, second.holder) == (None, None), "it is not known yet how long one takes"
    shared.finished(first)
    third = next(taken)
    assert third
    assert (third.number, third.holder) == (2, OWN)
    (helper,) = waiting(job)
    assert helping.join(helper.id, "other")
    assert [helping.claim(job.id, 1, helper.id) for _ in range(2)] == [3, 4], "a helper has several under way, too"
    for part in (second, third):
        assert next(taken) is None
        if part.holder is not None:
            settle(job, part.number, OWN)
        shared.finished(part)
    # Now it waits, and takes back what the helper holds for too long.
    for number in (3, 4):
        part = next(taken)
        assert part
        assert part.number == number
        settle(job, number, OWN)
        shared.finished(part)
    assert list(taken) == []
