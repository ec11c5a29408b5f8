"""Many sign in at once, or the database is held: pages and health go on, and what was not done says when to come again."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from sqlalchemy import exc

from app import gate, guard
from backend.db import reading, tables, trouble
from backend.errors import InvalidInput, TooManyAttempts
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, credentials, sessions
from tests import held
from tests.integration import site
from tests.waiting import PATIENCE, until

PASSWORD = "correct horse battery"
SQLITE_ONLY = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def owner(database: str) -> Actor:
    actor = accounts.local_owner()
    accounts.set_password(actor, actor.user_id, PASSWORD)
    projects.create(actor, "One")
    return actor


def sign_in(_: int = 0) -> httpx.Response:
    with site.visitor() as client:
        return client.post("/login", data={"name": "owner", "password": PASSWORD})


@SQLITE_ONLY
def test_beyond_a_queue_sign_ins_are_sent_away_and_health_and_pages_wait_for_none(
    owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While not one comparison ends: nothing but sign-ins stands still."""
    may_end, comparing = threading.Event(), []
    real = credentials.is_password

    def slow(password: str, password_hash: str | None) -> bool:
        comparing.append(1)
        may_end.wait(10 * PATIENCE)
        return real(password, password_hash)

    monkeypatch.setattr(credentials, "is_password", slow)
    monkeypatch.setattr(gate, "passwords", gate.Gate(2, 6, what="signing in", retry_after=3))
    with site.signed_in(owner) as client, ThreadPoolExecutor(60) as pool:
        asked = [pool.submit(sign_in) for _ in range(60)]
        try:
            until(lambda: sum(future.done() for future in asked) >= 52, "sending away")
            away = [future.result() for future in asked if future.done()]
            assert [result.status_code for result in away] == [429] * 52
            assert {result.headers["retry-after"] for result in away} == {"3"}
            assert "Try again in 3 seconds" in away[0].text
            assert len(comparing) == 2
            for path in ("/healthz", "/welcome", "/api/v1/me", "/api/v1/projects"):
                assert client.get(path).status_code == 200, path
        finally:
            may_end.set()
        assert sorted(future.result().status_code for future in asked)[:8] == [303] * 8
    assert sign_in().status_code == 303


def test_never_more_than_two_hash_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock = 0, 0, threading.Lock()

    class Hasher:
        def verify(self, *_: object) -> None:
            nonlocal now, most
            with lock:
                now, most = now + 1, max(most, now + 1)
            time.sleep(0.02)
            with lock:
                now -= 1

    monkeypatch.setattr(credentials, "_hasher", Hasher())
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: credentials.is_password("x", "y"), range(12)))
    assert most == 2


@SQLITE_ONLY
def test_health_waits_neither_for_the_database_nor_for_a_thread(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, busy = threading.Event(), []

    def stuck(_secret: str) -> None:
        busy.append(1)
        may_end.wait(10 * PATIENCE)

    monkeypatch.setattr(sessions, "look_up_token", stuck)

    def ask() -> None:
        with site.visitor() as client:
            client.get("/api/v1/me", headers={"authorization": "Bearer rondo_x"})

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(ask) for _ in range(40)]
        try:
            until(lambda: len(busy) >= guard._lookups.total_tokens, "being busy")
            with site.visitor() as client:
                answer = client.get("/healthz", headers={"authorization": "Bearer rondo_x"})
                assert answer.text == "ok"
        finally:
            may_end.set()
        for future in asked:
            future.result()


@pytest.fixture
def impatient(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held.wait_for_little(monkeypatch)


@SQLITE_ONLY
def test_what_a_held_database_did_not_take_is_a_503_that_says_when_and_works_then(
    impatient: None, owner: Actor
) -> None:
    form = {"name": "owner", "password": PASSWORD}
    with site.signed_in(owner) as client:
        with held.Held():
            answers = [
                client.post("/api/v1/projects", json={"name": "Two"}),
                client.post("/api/v1/tokens", json={"name": "script"}),
                client.post("/login", data=form),
            ]
            assert client.get("/api/v1/projects").status_code == 200, "reading never waits for a writer"
        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert answer.json()["error"] | {"message": ""} == {"type": "Busy", "message": "", "retry_after": 2}
            assert "content-security-policy" in answer.headers
        assert client.post("/api/v1/projects", json={"name": "Two"}).status_code == 201
        assert client.post("/login", data=form).status_code == 303


@SQLITE_ONLY
def test_who_asks_is_not_told_to_sign_in_where_only_the_database_is_held(impatient: None, owner: Actor) -> None:
    """A token's first use is written down before the route is reached."""
    _, secret = sessions.create_token(owner, name="script")
    with site.visitor() as client:
        client.headers["authorization"] = f"Bearer {secret}"
        with held.Held():
            answer = client.get("/api/v1/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert client.get("/api/v1/me").status_code == 200


@SQLITE_ONLY
def test_a_sign_in_that_the_database_refused_is_no_failed_guess(impatient: None, owner: Actor) -> None:
    with held.Held():
        assert [sign_in().status_code for _ in range(6)] == [503] * 6
    assert sign_in().status_code == 303


def test_six_wrong_current_passwords_are_slowed_down_and_written_down(owner: Actor) -> None:
    def change(current: str) -> None:
        accounts.set_password(owner_by_page, owner.user_id, "another password", current=current)

    owner_by_page = Actor(owner.user_id, owner.name, True, "page")
    for _ in range(5):
        with pytest.raises(InvalidInput, match="current password is wrong"):
            change("a guess")
    with pytest.raises(TooManyAttempts):
        change(PASSWORD)
    accounts.by_account.clear()
    change(PASSWORD)
    with site.signed_in(owner) as client:
        body = client.get("/api/v1/me").json()
    assert body["name"] == "owner"
    with reading() as view:
        assert view.query(tables.Event).filter_by(verb="fail to change password").count() == 5


def of(code: int | None = None, state: str | None = "none") -> exc.OperationalError:
    if code is not None:
        cause: Exception = sqlite3.OperationalError("told")
        cause.sqlite_errorcode = code  # type: ignore[attr-defined]
    else:
        cause = psycopg.OperationalError("told")
        if state != "none":
            cause.sqlstate = state
    return exc.OperationalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    "error",
    [
        of(sqlite3.SQLITE_BUSY),
        of(sqlite3.SQLITE_BUSY_SNAPSHOT),
        of(sqlite3.SQLITE_LOCKED),
        of(state="40P01"),
        of(state="40001"),
        of(state="55P03"),
        of(state="53300"),
        of(state="08006"),
        of(),
        exc.TimeoutError(),
    ],
)
def test_what_passes_by_itself_is_told_as_that(error: Exception) -> None:
    assert trouble.as_busy(error) is not None


@pytest.mark.parametrize(
    "error",
    [of(sqlite3.SQLITE_ERROR), of(sqlite3.SQLITE_FULL), of(sqlite3.SQLITE_IOERR), of(state="42P01"), KeyError("x")],
)
def test_what_does_not_is_a_mistake_and_in_the_log(error: Exception) -> None:
    assert trouble.as_busy(error) is None
