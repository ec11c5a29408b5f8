"""Webhooks: who sets them up, what reaches them, and what becomes of one that hangs, fails or dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from backend.config import reread
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import deliveries
from backend.jobs.deliveries import Outcome
from backend.jobs.outbox import Outbox
from backend.services.notices import hooks
from backend.values import NoticeKind, Role
from tests import rows
from tests.integration.posting import URL, owner, tell, waiting
from tests.receiving import delivered, receiver
from tests.waiting import until

ROOT = Path(__file__).parents[2]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def private(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Webhooks may go to this machine."""
    monkeypatch.setenv("RONDO_PRIVATE_WEBHOOKS", "true")
    reread()
    yield
    monkeypatch.delenv("RONDO_PRIVATE_WEBHOOKS")
    reread()


@contextmanager
def sending() -> Iterator[Outbox]:
    outbox = Outbox(look_seconds=0.05)
    outbox.start()
    try:
        yield outbox
    finally:
        outbox.stop()


def test_a_delivery_is_written_with_what_it_tells_of_for_hooks_that_want_it(database: str) -> None:
    project, other = rows.make_project(), rows.make_project()
    webhook_view, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    hooks.add(owner(), project.id, URL, [NoticeKind.mention])
    paused, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    hooks.pause(owner(), paused.id)
    hooks.add(owner(), other.id, URL, [NoticeKind.round_done])
    tell(project)
    tell(project)  # the same event
    (delivery,) = waiting()
    assert (delivery.webhook_id, delivery.body["id"], delivery.body["kind"]) == (
        webhook_view.id,
        delivery.uid,
        "round_done",
    )
    assert (delivery.body["text"], delivery.body["path"]) == ("Round 1 is done.", f"/p/{project.slug}/round?round=1")


def test_whoever_takes_a_delivery_and_dies_leaves_it_to_the_next_under_the_same_id(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project, "first")
    tell(project, "second")
    (entry,) = deliveries.claim()
    assert entry.body["text"] == "first"
    assert deliveries.claim({entry.receiver}) == []
    (second,) = deliveries.claim()  # by another worker
    assert (second.body["text"], deliveries.claim()) == ("second", [])
    later = now() + deliveries.CLAIMED + timedelta(seconds=1)
    (again,) = deliveries.claim(at=later)
    assert (again.uid, again.attempts) == (entry.uid, 2)
    deliveries.record(entry, Outcome(200))  # whoever was thought dead says something: it counts no more
    assert waiting()[0].sent_at is None
    deliveries.record(again, Outcome(200))
    assert waiting()[0].sent_at is not None
    assert [row.due_at is None for row in waiting()] == [True, False]


def test_a_hook_at_which_nothing_arrives_for_a_day_is_paused_and_says_why(database: str) -> None:
    project = rows.make_project()
    webhook_view, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project, "first")
    tell(project, "second")
    at, pauses = now(), []
    while not hooks.listing(owner(), project.id)[0].is_paused:
        for entry in deliveries.claim(at=at):
            deliveries.record(entry, Outcome(500, "The server answered with status 500."), at=at)
        due = [row.due_at for row in waiting() if row.due_at is not None]
        pauses += [min(due) - at] if due else []
        at = min(due) if due else at
    (shown,) = hooks.listing(owner(), project.id)
    assert "nothing has arrived here for a day" in shown.pause_reason
    assert "status 500" in shown.pause_reason
    assert at - waiting()[0].created_at >= timedelta(days=1)
    assert max(pauses) <= deliveries.LONGEST
    assert all(row.due_at is None for row in waiting())
    tell(project, "third")
    assert len(waiting()) == 2
    with pytest.raises(Conflict, match="paused"):
        hooks.test(owner(), webhook_view.id)
    assert hooks.resume(owner(), webhook_view.id).pause_reason == ""
    tell(project, "fourth")
    assert len(waiting()) == 3


@pytest.mark.on_sqlite
def test_whatever_waits_for_a_hook_that_is_down_waits_with_it(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    for number in range(5):
        tell(project, f"{number}")
    begun = at = now()
    tried: list[float] = []
    ids: list[int] = []
    while len(tried) < 5:
        for entry in deliveries.claim(at=at):
            deliveries.record(entry, Outcome(error="No connection."), at=at)
            tried.append((at - begun).total_seconds())
            ids.append(entry.id)
        assert deliveries.claim(at=at) == []
        at = min(row.due_at for row in waiting() if row.due_at is not None)
    assert tried == [0, 10, 40, 130, 400]
    assert len(set(ids)) == 5  # what is refused each time blocks no other


def test_what_arrives_ends_the_count_of_failures(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project)
    (entry,) = deliveries.claim()
    deliveries.record(entry, Outcome(error="No connection."))
    assert hooks.listing(owner(), project.id)[0].failing_since is not None
    (again,) = deliveries.claim(at=now() + timedelta(hours=1))
    deliveries.record(again, Outcome(200))
    assert hooks.listing(owner(), project.id)[0].failing_since is None
    assert hooks.listing(owner(), project.id)[0].url == URL.replace("rondo", "…")
    assert hooks.masked("https://example.org/services/T0/B0/secret-word") == "https://example.org/…word"
    assert deliveries.forget(at=now() + timedelta(days=29)) == 0
    assert deliveries.forget(at=now() + timedelta(days=31)) == 1


@pytest.mark.on_sqlite
def test_a_server_that_hangs_holds_nobody_else_up(private: None) -> None:
    project = rows.make_project()
    with receiver(None) as (hanging, held), receiver(OK) as (good, asked):
        hooks.add(owner(), project.id, hanging, [NoticeKind.round_done])
        webhook_view, _ = hooks.add(owner(), project.id, good, [NoticeKind.round_done])
        tell(project, "first")
        tell(project, "second")
        with sending():
            until(lambda: len(delivered(asked)) == 2 and held, "sending past the one that hangs")
            until(
                lambda: all(delivery_view.status == 200 for delivery_view in hooks.sent(owner(), webhook_view.id)),
                "writing down what came",
            )
    # What hung was broken off when the worker stopped, and is still to be sent.
    assert [row.due_at is not None for row in waiting()] == [True, False, True, False]


@pytest.mark.on_sqlite
def test_more_that_wait_for_a_hook_than_are_read_at_once_hide_no_other_hook(database: str) -> None:
    project = rows.make_project()
    busy, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    for number in range(deliveries.AT_ONCE + 1):
        tell(project, f"{number}")
    free, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project, "last")
    assert [entry.webhook_id for entry in deliveries.claim({(busy.id, None)})] == [free.id]


def test_what_waits_for_a_project_in_the_trash_or_a_paused_hook_is_not_sent(database: str) -> None:
    project, trashed = rows.make_project(), rows.make_project()
    webhook_view, _ = hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    hooks.add(owner(), trashed.id, URL, [NoticeKind.round_done])
    tell(project)
    tell(trashed)
    with session() as db:  # as in a transaction that read the hook before it was paused
        db.get_one(tables.Webhook, webhook_view.id).paused_at = now()
        db.get_one(tables.Project, trashed.id).trashed_at = now()
    assert deliveries.claim() == []
    assert [(delivery.due_at, delivery.error) for delivery in waiting()] == [
        (None, "The webhook is paused."),
        (None, "The project is in the trash."),
    ]


@pytest.mark.on_sqlite
def test_what_ends_without_a_word_is_given_up_after_a_day(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project)
    late = now() + deliveries.GIVEN_UP + timedelta(hours=3)
    assert len(deliveries.claim(at=late)) == 1  # no worker ran: a first attempt is owed
    assert deliveries.claim(at=late + timedelta(minutes=2)) == []
    assert waiting()[0].due_at is None


@pytest.mark.on_sqlite
def test_an_error_that_nobody_thought_of_is_written_down(database: str) -> None:
    project = rows.make_project()
    hooks.add(owner(), project.id, URL, [NoticeKind.round_done])
    tell(project)

    async def broken(entry: deliveries.Claimed) -> Outcome:
        raise KeyError(entry.uid)

    outbox = Outbox(send=broken, look_seconds=0.05)
    outbox.start()
    try:
        until(lambda: waiting()[0].error is not None, "writing it down")
    finally:
        outbox.stop()
    assert "KeyError" in str(waiting()[0].error)
    assert waiting()[0].due_at is not None


@pytest.mark.on_sqlite
def test_an_error_in_a_look_ends_no_thread(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def broken() -> int:
        looks.append(1)
        raise KeyError

    monkeypatch.setattr(deliveries, "forget", broken)
    with sending():
        until(lambda: len(looks) > 1, "looking again")


@pytest.mark.on_sqlite
def test_a_worker_that_is_killed_while_it_sends_sends_once_more(private: None) -> None:
    project = rows.make_project()
    code = "from backend.jobs.outbox import Outbox; import time; Outbox(look_seconds=0.05).start(); time.sleep(600)"
    with receiver(None) as (url, asked):
        webhook_view, _ = hooks.add(owner(), project.id, url, [NoticeKind.round_done])
        tell(project)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen([sys.executable, "-c", code], env=environment) as process:
            try:
                until(lambda: asked or process.poll() is not None, "the first attempt")
            finally:
                process.kill()
    with receiver(OK) as (url, again):
        hooks.change(owner(), webhook_view.id, url=url)
        with session() as db:  # the minute that the dead one had is over
            db.execute(update(tables.Delivery).values(due_at=now()))
        with sending():
            until(lambda: waiting()[0].sent_at is not None, "the second attempt")
    assert delivered(asked) == delivered(again) == {waiting()[0].uid}


@pytest.mark.on_sqlite
def test_only_owners_see_and_set_webhooks(database: str) -> None:
    project = rows.make_project()
    admin, stranger = rows.make_actor(project, Role.admin), rows.make_actor()
    webhook_view, secret = hooks.add(owner(), project.id, f"{URL}?key=1", [NoticeKind.round_done])
    assert secret.startswith("rondo_hook_")
    for actor, refusal in ((admin, PermissionDenied), (stranger, NotFound)):
        for act in (hooks.pause, hooks.resume, hooks.delete, hooks.test, hooks.sent):
            with pytest.raises(refusal):
                act(actor, webhook_view.id)
        with pytest.raises(refusal):
            hooks.listing(actor, project.id)
        with pytest.raises(refusal):
            hooks.add(actor, project.id, URL, [NoticeKind.round_done])
    with pytest.raises(InvalidInput, match="RONDO_PRIVATE_WEBHOOKS"):
        hooks.add(owner(), project.id, "http://10.0.0.1/", [NoticeKind.round_done])
    with pytest.raises(InvalidInput, match="No kind"):
        hooks.change(owner(), webhook_view.id, kinds=[])
    hooks.test(owner(), webhook_view.id)
    assert [delivery_view.kind for delivery_view in hooks.sent(owner(), webhook_view.id)] == ["test"]
    with reading() as db:
        noted = db.scalars(select(tables.Event).where(tables.Event.verb == "add webhook")).one()
        assert noted.subject == "example.org"
        stored = [str(list(vars(row).values())) for row in db.scalars(select(tables.Webhook))]
    assert not any(secret in text for text in stored)
    hooks.delete(owner(), webhook_view.id)
    assert waiting() == []
