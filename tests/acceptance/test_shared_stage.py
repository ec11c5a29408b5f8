"""Workers share a round's stages: the same rows as one worker's, also when some of them are killed in the middle."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from backend import jobs
from backend.db import reading, session, tables
from backend.generators.sample import Sample
from backend.judges.additive_rubric import AdditiveRubric
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.services.operations import workers
from backend.services.people import accounts
from backend.trainers.sft import SFT
from backend.values import JobStatus, Stage, WorkerOrder
from tests.acceptance.workers import lives
from tests.capable import capable, drawn, models
from tests.endpoint import Reply, Server, serving
from tests.integration.loop import TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_endpoints import registered
from tests.rows import make_prompt_set
from tests.waiting import PATIENCE, until

CHILD = """
import sys
from backend.pipeline import split
from backend.services import stage_process
split.WORTH_SECONDS = 0.0
sys.exit(stage_process.main())
"""
"""A job's process that shares what takes no time."""
WORKER = f"""
import sys
from backend import log
from backend.jobs.worker import Worker, serve
log.setup()
command = lambda job_id, attempt: [sys.executable, "-c", {CHILD!r}, str(job_id), str(attempt)]
serve(Worker(["generate"], sys.argv[1], command=command, heartbeat_seconds=0.3))
"""
RECIPE = Recipe(
    name="shared",
    title="Shared",
    groups_per_batch=3,
    unparsed_limit=1.0,
    steps=(
        PromptSet(),
        Step(Sample(n=2, max_tokens=8), by="teacher"),
        Step(AdditiveRubric(), by="teacher"),
        AboveThreshold(threshold=3.0),
        SFT(**TRAINING),
    ),
)
BATCHES = 9
REQUESTS = 3 * BATCHES + 6 * BATCHES
"""A prompt's samples are one request, and each sample is judged by one."""


def answer(body: dict[str, Any]) -> Reply:
    reply = capable(body)
    for choice in reply[2]["choices"]:
        if "grading an answer" in body["messages"][0]["content"]:
            choice["message"]["content"] = drawn(body, ("poor\nScore: 1", "good\nScore: 5", "hm"), choice["index"])
    return reply


def holders(job_id: int) -> set[int]:
    """Who works on batches of the job: 0 is its own process, others are helpers."""
    with reading() as db:
        result = db.scalars(select(tables.Batch.holder).where(tables.Batch.job_id == job_id))
        return {holder for holder in result if holder is not None}


def helpers(job_id: int) -> list[tables.Helper]:
    with reading() as db:
        return list(db.scalars(select(tables.Helper).where(tables.Helper.job_id == job_id).order_by(tables.Helper.id)))


def job_of(round_id: int, stage: Stage) -> tables.Job | None:
    with reading() as db:
        return db.scalar(select(tables.Job).where(tables.Job.round_id == round_id, tables.Job.stage == stage))


class Door:
    """Lets through what a stage's own process begins alone, and the rest once it and a helper's both have a batch."""

    def __init__(self, round_id: int) -> None:
        self.round_id, self.open = round_id, set[Stage]()

    def wait(self, _seconds: float) -> None:
        with reading() as db:
            stage = db.get_one(tables.Round, self.round_id).stage
            is_alone = db.scalar(select(func.count()).select_from(tables.Batch)) == 0
        until(lambda: is_alone or stage in self.open)


@contextmanager
def worker(name: str, log: Path) -> Iterator[subprocess.Popen]:
    with log.open("ab") as out:
        argv = [sys.executable, "-c", WORKER, name]
        process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        until(lambda: is_registered(name, process.pid), f"worker {name}")
        yield process
    finally:
        process.kill()
        process.wait()


def is_registered(name: str, process_id: int) -> bool:
    with reading() as db:
        row = db.get(tables.Executor, name)
        return row is not None and row.process_id == process_id


def prepared(tiny: Path, server: Server) -> tuple[Loop, dict[str, Any], int]:
    """A loop with an endpoint, what its rounds are launched with, and a round that one process made alone."""
    server.answer, server.models = answer, models()
    loop = Loop(RECIPE, {"name": "transformers", "model": str(tiny)}, tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=[f"question {n}" for n in range(3 * BATCHES)])
    plan = {
        "roles": {"teacher": registered(loop.project, server, concurrency=3, price_in=1.0, price_out=1.0)},
        "num_prompts": 99,
    }
    alone = loop.launch(**plan)
    server.bodies.clear()
    loop.run(alone)
    assert len(server.bodies) == REQUESTS
    server.bodies.clear()
    return loop, plan | {"parent_id": None}, alone


def launched(loop: Loop, server: Server, plan: dict[str, Any]) -> tuple[int, Door]:
    round_id = loop.launch(**plan)
    door = Door(round_id)
    server.meeting = cast(Any, door)
    return round_id, door


def met(round_id: int, stage: Stage) -> tables.Job:
    """The stage's job, once its own process and a helper's work on it."""
    until(lambda: (job := job_of(round_id, stage)) is not None and len(holders(job.id)) >= 2, f"help with {stage}")
    job = job_of(round_id, stage)
    assert job is not None
    return job


def ended(round_id: int, log: Path) -> None:
    """Wait until only the training is left."""

    def stands() -> str:
        with reading() as db:
            rows = db.execute(select(tables.Job.stage, tables.Job.status, tables.Job.error)).all()
        return f"the end of {rows}\n{log.read_text()[-3000:]}"

    until(lambda: job_of(round_id, Stage.train) is not None, stands)


def spent(round_id: int) -> list[tuple[Any, ...]]:
    use = tables.EndpointUse
    with reading() as db:
        query = select(use.stage, use.requests, use.tokens_in, use.tokens_out, use.cost).order_by(use.stage)
        return [(*row[:-1], round(row.cost, 9)) for row in db.execute(query.where(use.round_id == round_id))]


def assert_nothing_is_left(round_id: int) -> None:
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Batch)) == 0
        for job in db.scalars(select(tables.Job).where(tables.Job.round_id == round_id)):
            assert job.status is (JobStatus.queued if job.stage is Stage.train else JobStatus.done)
            assert job.done == job.total, job.stage


@pytest.mark.on_sqlite
def test_two_workers_make_the_rows_of_one(tiny: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving() as server, ExitStack() as stack:
        loop, plan, alone = prepared(tiny, server)
        for name in ("one", "two"):
            stack.enter_context(worker(name, log))
        round_id, door = launched(loop, server, plan)
        for stage in (Stage.generate, Stage.judge):
            met(round_id, stage)
            door.open.add(stage)
        ended(round_id, log)
        assert len(server.bodies) == REQUESTS
    assert rows_of_round(round_id) == rows_of_round(alone)
    assert rows_of_round(alone)["kept"]
    assert spent(round_id) == spent(alone)
    assert_nothing_is_left(round_id)
    for stage in (Stage.generate, Stage.judge):
        job = job_of(round_id, stage)
        assert job is not None
        (helper,) = helpers(job.id)
        assert {job.executor_id, helper.executor_id} == {"one", "two"}
        assert 0 < helper.done < job.done
        assert f"--- helper {helper.executor_id}\n" in job.log_tail
        assert f"helper {helper.id} of attempt 1" in job.log_tail


def test_killed_workers_leave_the_rows_of_one(tiny: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving() as server, ExitStack() as stack:
        loop, plan, alone = prepared(tiny, server)
        started = {name: stack.enter_context(worker(name, log)) for name in ("one", "two")}
        round_id, door = launched(loop, server, plan)
        job = met(round_id, Stage.generate)
        (helper,) = helpers(job.id)
        helping = str(helper.executor_id)
        started[helping].kill()
        until(lambda: holders(job.id) == {0}, "the freeing of what the helper held")
        door.open.add(Stage.generate)
        started[helping] = stack.enter_context(worker(helping, log))
        job = met(round_id, Stage.judge)
        # This time it is the job's own worker.
        started[str(job.executor_id)].kill()
        until(lambda: (now := job_of(round_id, Stage.judge)) is not None and now.attempt == 2, "another attempt")
        door.open.add(Stage.judge)
        ended(round_id, log)
    assert rows_of_round(round_id) == rows_of_round(alone)
    assert_nothing_is_left(round_id)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_worker_drained_in_the_middle_of_a_shared_stage_loses_nothing(tiny: Path, tmp_path: Path) -> None:
    log, owner = tmp_path / "log", accounts.local_owner()
    with serving() as server, ExitStack() as stack:
        loop, plan, alone = prepared(tiny, server)
        started = {name: stack.enter_context(worker(name, log)) for name in ("one", "two")}
        round_id, door = launched(loop, server, plan)
        name = str(met(round_id, Stage.generate).executor_id)
        assert workers.tell(owner, WorkerOrder.drain, name).workers == [name]
        door.open.update((Stage.generate, Stage.judge))  # who is left makes the judge step alone
        assert started[name].wait(PATIENCE) == 0
        done = job_of(round_id, Stage.generate)
        assert done is not None
        assert (done.status, done.executor_id) == (JobStatus.done, name)
        ended(round_id, log)
    assert rows_of_round(round_id) == rows_of_round(alone)
    assert spent(round_id) == spent(alone)
    assert_nothing_is_left(round_id)


@pytest.mark.on_sqlite
def test_cancelling_ends_all_who_help(tiny: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving() as server, ExitStack() as stack:
        loop, plan, _ = prepared(tiny, server)
        for name in ("one", "two"):
            stack.enter_context(worker(name, log))
        round_id, door = launched(loop, server, plan)
        job = met(round_id, Stage.generate)
        until(lambda: helpers(job.id)[0].process_id is not None)
        (helper,), own = helpers(job.id), job_of(round_id, Stage.generate)
        assert own is not None
        processes = [int(own.process_id or 0), int(helper.process_id or 0)]
        assert all(map(lives, processes))
        with session() as db:
            jobs.cancel(db, job.id)
        until(lambda: not any(map(lives, processes)))
        door.open.add(Stage.generate)
        until(lambda: helpers(job.id)[0].ended_at is not None)
