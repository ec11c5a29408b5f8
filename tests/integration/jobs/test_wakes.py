"""A worker hears of jobs that others enqueue: by the log's time on SQLite, by NOTIFY on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from backend import jobs
from backend.db import session
from backend.jobs import wakes
from backend.values import Stage
from tests import rows
from tests.waiting import until


@pytest.fixture
def bell(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[wakes.Bell]:
    result = wakes.Bell()
    monkeypatch.setattr(wakes, "bell", result)
    watch = wakes.Watch()
    watch.start()
    until(lambda: result.can_ring, "listening")
    yield result
    watch.stop()


def test_another_process_s_news_rings(bell: wakes.Bell, database: str) -> None:
    before = bell.rings
    if database.startswith("sqlite"):
        rows.make_user()  # whatever is written
    else:
        with session() as db:
            db.execute(text("SELECT pg_notify('rondo_jobs', 'generate')"))
    until(lambda: bell.rings > before, "a ring")


def test_a_job_rings_here_once_it_stands_and_not_before(bell: wakes.Bell) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    heard = []
    bell.ring = lambda *, lively=True: heard.append(lively)  # type: ignore[method-assign]
    with session() as db:
        jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=round_.id)
        assert True not in heard
    assert True in heard
