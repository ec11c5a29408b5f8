"""Progress reaches the rows, seldom enough, and only from the attempt that owns the job."""

import math

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from backend import jobs
from backend.db import reading, session, tables, turns
from backend.errors import Cancelled
from backend.jobs import JobProgress, transitions
from backend.values import Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def job() -> tables.Job:
    round_ = rows.make_round(rows.make_project())
    with session() as db:
        result = jobs.enqueue(db, stage=Stage.train, project_id=round_.project_id, round_id=round_.id)
    transitions.start(result.id, result.workflow_id, "host-0")
    return result


def row(job: tables.Job) -> tables.Job:
    with reading() as db:
        return db.get_one(tables.Job, job.id)


def points(job: tables.Job) -> list[tuple[str, int, float]]:
    with reading() as db:
        query = select(tables.JobPoint).where(tables.JobPoint.job_id == job.id)
        return sorted((point.name, point.step, point.value) for point in db.scalars(query))


def test_progress_is_written_at_its_pace_and_whole_in_the_end(job: tables.Job) -> None:
    progress = JobProgress(job.id, 1, write_seconds=60)
    progress.start(10, "prompts", done=2)
    progress.advance(3)
    assert (row(job).done, row(job).total, row(job).unit) == (2, 10, "prompts")
    progress.flush()
    written = row(job)
    assert written.done == 5
    assert written.rate is not None
    assert written.rate > 0


def test_total_grows_when_more_is_done_than_was_said(job: tables.Job) -> None:
    with JobProgress(job.id, 1) as progress:
        progress.start(1, "prompts")
        progress.advance(4)
    assert (row(job).done, row(job).total) == (4, 4)


def test_metrics_become_points_and_a_repeated_step_replaces_its_point(job: tables.Job) -> None:
    for loss in (0.9, 0.5):
        with JobProgress(job.id, 1, write_seconds=60) as progress:
            progress.start(2, "steps")
            progress.metrics(1, {"loss": 1.0})
            progress.metrics(2, {"loss": loss, "rewards/margins": math.nan})
    assert points(job) == [("loss", 1, 1.0), ("loss", 2, 0.5)]
    assert row(job).last_metrics == {"loss": 0.5, "rewards/margins": None, "step": 2}


def test_thousands_of_points_fit_in_one_flush(job: tables.Job) -> None:
    with JobProgress(job.id, 1, write_seconds=60) as progress:
        progress.start(1, "steps")
        for step in range(2500):
            progress.metrics(step, {"loss": float(step)})
    assert len(points(job)) == 2500


@pytest.mark.parametrize("how", ["taken over", "cancelled"])
def test_write_is_refused_when_the_job_was(job: tables.Job, how: str) -> None:
    progress = JobProgress(job.id, 1, write_seconds=0)
    progress.start(10, "prompts")
    if how == "taken over":
        transitions.take_over(job.id, job.workflow_id)
    else:
        with session() as db:
            jobs.cancel(db, job.id)
    progress._points["loss", 1] = 1.0
    with pytest.raises(Cancelled):
        progress.advance()
    assert row(job).done == 0
    assert points(job) == []


@pytest.mark.on_sqlite
def test_a_beat_is_left_out_while_the_database_is_busy_and_the_next_has_all(
    job: tables.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = JobProgress(job.id, 1, write_seconds=0)
    progress.start(10, "steps")
    with monkeypatch.context() as patch, session() as db:
        db.execute(select(1))  # a transaction begins with its first statement
        patch.setattr(turns, "WAIT_SECONDS", 0.01)
        progress.metrics(1, {"loss": 0.5})
        progress.advance(3)
        with pytest.raises(OperationalError):
            progress.flush()
    assert (row(job).done, points(job)) == (0, [])
    progress.advance()
    assert (row(job).done, points(job)) == (4, [("loss", 1, 0.5)])
