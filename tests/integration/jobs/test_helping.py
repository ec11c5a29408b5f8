"""What a helper's process leaves behind: rows where its server served it, its cost, and why it ended."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

import migrations
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.jobs import durable, helping, transitions, worker
from backend.jobs.helping import OWN
from backend.pipeline import run
from backend.pipeline.decided import in_order
from backend.pipeline.stage import StageContext, open_stage
from backend.services.rounds import job_views
from backend.values import JobStatus, Stage
from backend.values.replies import Usage
from tests import rows
from tests.event_loops import run_alone
from tests.integration.forbidding import DOWN, rows_of, scripted, served_by
from tests.integration.slots import POLICY, Loop, texts

pytestmark = pytest.mark.usefixtures("database")


def started(round_id: int) -> tables.Job:
    """The round's job that waits, now running."""
    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
    assert transitions.start(job.id, job.workflow_id, "own")
    with reading() as db:
        return db.get_one(tables.Job, job.id)


def of_stage(loop: Loop, stage: Stage) -> tuple[int, tables.Job]:
    """A round whose groups stand, and its running job of that stage."""
    round_id = loop.launch()
    served_by(loop, scripted(DOWN))
    job = loop.run(round_id, until=Stage.generate)
    assert job.status is JobStatus.failed
    served_by(loop, POLICY)
    job_views.retry(loop.actor, job.id)
    if stage is Stage.judge:
        loop.run(round_id, until=Stage.generate)
    return round_id, started(round_id)


def helper_of(job: tables.Job, executor_id: str, batches: list[int]) -> int:
    """A helper that began, with these batches left."""
    with session() as db:
        helping.share(db, job, batches)
        helper = tables.Helper(job_id=job.id, attempt=job.attempt, workflow_id=f"w-{executor_id}")
        db.add(helper)
    assert helping.join(helper.id, executor_id) == (job.id, job.attempt)
    return helper.id


def ended(helper_id: int) -> tables.Helper:
    with reading() as db:
        return db.get_one(tables.Helper, helper_id)


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge])
def test_a_helper_with_a_bad_server_leaves_nothing_out(stage: Stage) -> None:
    loop = Loop()
    round_id, job = of_stage(loop, stage)
    good = helper_of(job, "good", [0])
    assert run.help_job(job.id, job.attempt, good) == 0
    assert ended(good).done
    # Others were served: that says nothing of this one.
    served_by(loop, scripted(DOWN))
    bad = helper_of(job, "bad", [1, 2])
    assert run.help_job(job.id, job.attempt, bad) == 1
    assert "status 503 loading." in str(ended(bad).error)
    assert rows_of(round_id) == []
    assert helping.standing(job.id, job.attempt).free == 2
    served_by(loop, POLICY)
    assert run.run_job(job.id, job.attempt) == 0
    assert rows_of(round_id) == []
    if stage is Stage.generate:
        loop.run(round_id, until=Stage.judge)
    assert len(texts(round_id)) == 60
    assert all(raw for *_, raw, _, _ in texts(round_id))


def spent(job: tables.Job) -> list[tuple[int, float]]:
    row = tables.EndpointUse
    with reading() as db:
        return db.execute(select(row.requests, row.cost).where(row.round_id == job.round_id)).tuples().all()  # type: ignore[return-value]


def test_what_a_helper_asked_for_in_vain_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(POLICY | {"price_in": 2.0, "price_out": 0.0})
    _, job = of_stage(loop, Stage.judge)
    helper = helper_of(job, "late", [0])

    def lost(stage: StageContext) -> Any:
        once = [Usage(requests=3, tokens_in=500_000)]
        engine: Any = SimpleNamespace(take_usage=lambda: once.pop() if once else Usage())
        stage.meter.watch(loop.checkpoint.id, engine)
        raise helping.BatchLost("It is another one's.")

    monkeypatch.setitem(run.STAGES, Stage.judge, lost)
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = loop.checkpoint.engine
    assert run.help_job(job.id, job.attempt, helper) == 0
    assert spent(job) == [(3, 1.0)]
    # Also where the job is over by now.
    stage = open_stage(job.id, job.attempt, helping.NoProgress(job.id, job.attempt))
    with session() as db:
        transitions.cancel(db, job.id)
    with pytest.raises(helping.BatchLost):
        lost(stage)
    stage.spend_rest()
    assert spent(job) == [(6, 2.0)]


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import os; os.kill(os.getpid(), 9)", "Its process was killed (SIGKILL), which is what the system does"),
        ("raise SystemExit(3)", "Its process ended with exit code 3."),
        ("pass", None),
    ],
)
def test_a_helper_whose_process_dies_has_failed(
    monkeypatch: pytest.MonkeyPatch, program: str, error: str | None
) -> None:
    loop = Loop()
    _, job = of_stage(loop, Stage.judge)
    with session() as db:
        helping.share(db, job, [0])
        helper = tables.Helper(job_id=job.id, attempt=job.attempt, workflow_id="w")
        db.add(helper)
    mortal: Any = SimpleNamespace(executor_id="mortal", command=lambda *_: [sys.executable, "-c", program])
    monkeypatch.setattr(worker, "_worker", mortal)
    assert run_alone(worker.run_helper(helper.id)) == "ended"
    result = ended(helper.id)
    assert result.ended_at is not None
    assert str(result.error).startswith(error) if error else result.error is None
    assert helping.claim(job.id, job.attempt, OWN) == 0


def test_helpers_leave_the_queue_where_the_schema_goes_back(database: str) -> None:
    """A version before them would take them and never end them."""
    loop = Loop()
    loop.launch()
    with session() as db:
        job = db.scalars(select(tables.Job)).one()
        helping.ask(db, job, 1)
        helper = db.scalars(select(tables.Helper)).one()
        ids = [job.workflow_id, helper.workflow_id]
    assert set(durable.alive(ids)) == set(ids)
    write_engine().dispose()
    migrations.downgrade("0027", database)
    migrations.upgrade(database)
    assert set(durable.alive(ids)) == {ids[0]}


def test_texts_are_drawn_in_order_of_their_places_not_of_their_ids() -> None:
    round_ = rows.make_round(project := rows.make_project())
    samples = rows.make_samples(round_, rows.make_prompt_set(project, prompts=3), n=2)
    with session() as db:
        for group in db.scalars(select(tables.Group)):
            group.position = 9 - group.position
    first = [sample.id for sample in samples]
    with reading() as db:
        assert in_order(db, first) == [*first[4:], *first[2:4], *first[:2]]
