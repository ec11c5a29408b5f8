"""Since when a webhook fails: what is counted, and what ends the count."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from backend.db import now, session, tables
from backend.jobs import deliveries
from backend.jobs.deliveries import Outcome
from backend.services.notices import hooks
from backend.values import NoticeKind
from tests import rows
from tests.integration.posting import URL, owner, tell, waiting


def fail(at: datetime | None = None) -> None:
    (claimed,) = deliveries.claim(at=at)
    deliveries.record(claimed, Outcome(error="No connection."), at=at)


def failing_since(project: tables.Project) -> datetime | None:
    return hooks.listing(owner(), project.id)[0].failing_since


@pytest.mark.on_sqlite
def test_another_address_is_counted_anew(database: str) -> None:
    project = rows.make_project()
    hook, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project)
    fail()
    assert hooks.change(owner(), hook.id, url=URL).failing_since is not None
    assert hooks.change(owner(), hook.id, url=f"{URL}/2").failing_since is None


def test_a_webhook_for_which_nothing_waits_any_more_is_counted_anew(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project, "first")
    fail()
    assert failing_since(project) is not None
    with session() as db:
        db.get_one(tables.Project, project.id).trashed_at = now()
    assert deliveries.claim(at=now() + timedelta(hours=1)) == []
    with session() as db:
        db.get_one(tables.Project, project.id).trashed_at = None
    assert failing_since(project) is None
    tell(project, "second")
    with session() as db:  # no worker ran for a day: its first attempt is the last
        db.execute(update(tables.Delivery).values(created_at=now() - deliveries.GIVEN_UP))
    fail()
    assert [row.due_at for row in waiting()] == [None, None]
    assert failing_since(project) is None
    assert not hooks.listing(owner(), project.id)[0].is_paused


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("outcome", "arrived"), [(Outcome(200), True), (Outcome(500, "Status 500."), False)])
def test_what_is_on_its_way_when_its_webhook_is_paused_may_arrive(
    database: str, outcome: Outcome, arrived: bool
) -> None:
    project = rows.make_project()
    hook, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project)
    (claimed,) = deliveries.claim()
    hooks.pause(owner(), hook.id)
    deliveries.record(claimed, outcome)
    (row,) = waiting()
    assert (row.sent_at is not None, row.status) == (arrived, 200 if arrived else None)
    assert row.due_at is None
