"""Mail: sent by a real SMTP conversation to those who chose it, tried again, and given up where it is refused."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import delete, select

from backend.config import reread, settings
from backend.db import now, reading, session, tables
from backend.errors import InvalidInput
from backend.jobs import deliveries, mails, telling
from backend.jobs.deliveries import Outcome
from backend.jobs.outbox import Outbox
from backend.services import notices
from backend.services.access import Actor
from backend.values import Channel, NoticeKind, Role
from tests import rows
from tests.waiting import until


class Server:
    """Speaks SMTP with one client after the other. `refuses`: what it answers to a recipient; `bye`: to QUIT.

    `drips`: it greets without end.
    """

    def __init__(self, refuses: str = "", bye: str = "221 bye", *, drips: bool = False) -> None:
        self.refuses, self.bye, self.drips = refuses, bye, drips
        self.received: list[bytes] = []
        self.recipients: list[str] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with suppress(OSError), connection, connection.makefile("rwb") as file:
                self._speak(file)

    def _speak(self, file: object) -> None:
        def say(line: str) -> None:
            file.write(f"{line}\r\n".encode())  # type: ignore[attr-defined]
            file.flush()  # type: ignore[attr-defined]

        while self.drips:
            say("220-wait")
            time.sleep(0.02)
        say("220 here")
        for raw in file:  # type: ignore[attr-defined]
            line = raw.decode().strip()
            if line.upper().startswith("RCPT"):
                self.recipients.append(line.partition("<")[2].partition(">")[0])
                say(self.refuses or "250 ok")
            elif line.upper() == "DATA":
                say("354 go on")
                body = b""
                while (part := file.readline()) != b".\r\n":  # type: ignore[attr-defined]
                    body += part
                self.received.append(body)
                say("250 taken")
            elif line.upper() == "QUIT":
                say(self.bye)
                return
            else:
                say("250 ok")

    def close(self) -> None:
        """May be repeated."""
        if self.listening.fileno() < 0:
            return
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(10)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, refuses: str = "", **named: Any) -> Iterator[Server]:
    server = Server(refuses, **named)
    for name, value in {
        "HOST": "127.0.0.1",
        "PORT": str(server.port),
        "SECURITY": "none",
        "FROM": "rondo@example.org",
    }.items():
        monkeypatch.setenv(f"RONDO_SMTP_{name}", value)
    monkeypatch.setenv("RONDO_PUBLIC_URL", "https://rondo.example.org/")
    reread()
    try:
        yield server
    finally:
        server.close()
        for name in ("HOST", "PORT", "SECURITY", "FROM"):
            monkeypatch.delenv(f"RONDO_SMTP_{name}")
        monkeypatch.delenv("RONDO_PUBLIC_URL")
        reread()


def curator(project: tables.Project, mail: str = "") -> Actor:
    """A curator who wants mail of failed rounds, and nothing else."""
    actor = rows.make_actor(project, Role.curator)
    notices.choose(actor, {NoticeKind.round_failed: [Channel.mail]})
    if mail:
        notices.set_mail_address(actor, mail)
    return actor


def fail(project: tables.Project, text: str = "Round 1 failed: \u00fcber\nDown") -> None:
    with session() as db:
        place = {"project_id": project.id, "path": "round?round=1"}
        telling.tell(db, NoticeKind.round_failed, text=text, people=Role.curator, **place)


def waiting() -> list[tables.Delivery]:
    with reading() as db:
        return list(db.scalars(select(tables.Delivery).order_by(tables.Delivery.id)))


def test_a_mail_goes_to_whoever_chose_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project("Sums\u2028more")
    with serving(monkeypatch) as server:
        ann = curator(project, "ann@example.org")
        curator(project)  # without an address
        rows.make_actor(project, Role.curator)  # by pages alone
        fail(project)
        assert notices.listing(ann).entries == ()
        outbox = Outbox(look_seconds=0.05)
        outbox.start()
        try:
            until(lambda: [delivery.sent_at is not None for delivery in waiting()] == [True], "sending")
        finally:
            outbox.stop()
    assert server.recipients == ["ann@example.org"]
    mail = message_from_bytes(server.received[0], policy=policy.default)
    assert (mail["From"], mail["To"]) == ("rondo@example.org", "ann@example.org")
    assert mail["Subject"] == "[Sums more] Round 1 failed: \u00fcber Down"
    assert mail["Message-ID"] == f"<{waiting()[0].uid}@rondo>"
    text = mail.get_content().replace("\r\n", "\n")
    assert "Round 1 failed: \u00fcber\nDown" in text
    assert f"https://rondo.example.org/p/{project.slug}/round?round=1" in text


@pytest.mark.on_sqlite
def test_what_the_server_refuses_for_good_is_given_up_and_the_rest_tried_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    for refuses, is_over in (("550 nobody", True), ("451 later", False)):
        with serving(monkeypatch, refuses) as server:
            curator(project, f"a{server.port}@example.org")
            fail(project, refuses)
            for entry in deliveries.claim():
                deliveries.record(entry, mails.send(entry))
        row = waiting()[-1]
        assert (row.status, row.due_at is None, row.sent_at) == (int(refuses[:3]), is_over, None)
        assert refuses[:3] in str(row.error)
        with session() as db:
            db.execute(delete(tables.Membership))


@pytest.mark.on_sqlite
def test_who_has_left_the_project_gets_no_mail_of_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    with serving(monkeypatch):
        ann = curator(project, "ann@example.org")
        fail(project)
        with session() as db:
            db.execute(delete(tables.Membership).where(tables.Membership.user_id == ann.user_id))
        assert deliveries.claim() == []
        assert deliveries.claim(at=now() + timedelta(days=1)) == []
    assert [(delivery.due_at, delivery.sent_at) for delivery in waiting()] == [(None, None)]


@pytest.mark.on_sqlite
def test_an_address_is_one_and_a_server_that_is_away_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    with serving(monkeypatch) as server:
        ann = curator(project, "ann@example.org")
        for wrong in (
            "ann",
            "a b@example.org",
            "ann@example.org\nBcc: x@y.org",
            "<ann@example.org>",
            "a@b@c",
            "a@b..c",
            ".a@b",
            "a@b-",
        ):
            with pytest.raises(InvalidInput, match="no mail address"):
                notices.set_mail_address(ann, wrong)
        fail(project)
        (entry,) = deliveries.claim()
        server.close()
        assert "not reached" in mails.send(entry).error
    assert not mails.send(entry).is_final  # another worker may have what this one lacks
    fail(project)
    assert len(waiting()) == 1
    assert notices.set_mail_address(ann, " ") == ""


@pytest.mark.on_sqlite
def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_to_the_good_bye(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    with serving(monkeypatch, bye="250 closing") as server:
        curator(project, "ann@example.org")
        fail(project)
        (entry,) = deliveries.claim()
        assert mails.send(entry) == Outcome(250)
    assert len(server.received) == 1


@pytest.mark.on_sqlite
def test_a_server_that_drips_bytes_is_given_up_in_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    with serving(monkeypatch, drips=True):
        curator(project, "ann@example.org")
        fail(project)
        (entry,) = deliveries.claim()
        outcome = mails.send(entry, seconds=0.3)
    assert "not reached" in outcome.error
    assert not outcome.is_final
    assert mails.Deadline.running == set()


@pytest.mark.on_sqlite
def test_a_worker_without_a_mail_server_leaves_mail_to_others(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    with serving(monkeypatch):
        curator(project, "ann@example.org")
        fail(project)
    assert deliveries.claim(mails=0) == []
    assert [delivery.attempts for delivery in waiting()] == [0]
    assert deliveries.forget(at=now() + timedelta(days=2)) == 0
    assert deliveries.forget(at=now() + timedelta(days=4)) == 1  # nobody has one: it goes out no month later
    assert [(delivery.due_at, delivery.sent_at) for delivery in waiting()] == [(None, None)]
    assert "no worker" in str(waiting()[0].error)


@pytest.mark.on_sqlite
@pytest.mark.parametrize("sender", ["rondo@", "Rondo <", "rondo"])
def test_a_sender_that_is_no_address_is_refused(database: str, monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    with monkeypatch.context() as named:
        named.setenv("RONDO_SMTP_FROM", sender)
        reread()
        with pytest.raises(InvalidInput, match="no address of mail"):
            settings()
    reread()
