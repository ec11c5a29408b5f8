"""Signing in and out, one-time links, tokens, and when they end."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from backend.db import now, reading, session, tables
from backend.errors import InvalidInput, NotFound, NotSignedIn, PermissionDenied, TooManyAttempts
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, browsers, credentials, sessions
from backend.values import Role
from tests import rows

PASSWORD = "correct horse battery"


@pytest.fixture
def owner(database: str) -> Actor:
    return accounts.local_owner()


@pytest.fixture
def ada(owner: Actor) -> Actor:
    user_id = accounts.create_user(owner, "Ada", password=PASSWORD)
    return Actor(user_id, "Ada")


def backdate(table: Any, **columns: Any) -> None:
    with session() as db:
        db.execute(update(table).values(**columns))


def test_the_right_password_opens_a_session(ada: Actor) -> None:
    secret = sessions.sign_in("Ada", PASSWORD, address="10.0.0.1")
    who = sessions.look_up(secret)
    assert who is not None
    assert who.actor == ada
    with reading() as db:
        stored = db.query(tables.LoginSession).one().secret_hash
    assert secret not in stored
    assert len(stored) == 64


@pytest.mark.parametrize(("name", "password"), [("Ada", "wrong password"), ("Nobody", PASSWORD), ("owner", PASSWORD)])
def test_every_failure_says_the_same(ada: Actor, name: str, password: str) -> None:
    with pytest.raises(NotSignedIn, match="The name or the password is wrong"):
        sessions.sign_in(name, password, address="10.0.0.1")


def test_five_failures_of_a_name_from_an_address_wait_a_minute(ada: Actor) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sessions.sign_in("Ada", "wrong password", address="10.0.0.1")
    with pytest.raises(TooManyAttempts, match="Wait"):
        sessions.sign_in("Ada", PASSWORD, address="10.0.0.1")
    assert sessions.sign_in("Ada", PASSWORD, address="10.0.0.2")


def test_a_password_changed_while_it_is_compared_lets_nobody_in(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def compared(password: str, password_hash: str | None) -> bool:
        backdate(tables.User, password_hash="another")
        return True

    monkeypatch.setattr(credentials, "is_password", compared)
    with pytest.raises(NotSignedIn):
        sessions.sign_in("Ada", PASSWORD, address="10.0.0.1")


def test_many_names_from_one_address_wait_too(ada: Actor) -> None:
    for number in range(30):
        with pytest.raises(NotSignedIn):
            sessions.sign_in(f"nobody {number}", "wrong", address="10.0.0.1")
    with pytest.raises(TooManyAttempts):
        sessions.sign_in("Ada", PASSWORD, address="10.0.0.1")


def test_signing_out_ends_this_session_only(ada: Actor) -> None:
    text, two = (sessions.sign_in("Ada", PASSWORD, address="x") for _ in range(2))
    sessions.sign_out(text)
    assert sessions.look_up(text) is None
    assert sessions.look_up(two) is not None


def test_signing_in_again_goes_back_to_the_project_one_was_in(ada: Actor) -> None:
    for name in ("First", "Second"):
        project = rows.make_project(name)
        with session() as db:
            db.add(tables.Membership(project_id=project.id, user_id=ada.user_id, role=Role.viewer))
    before = sessions.look_up(secret := sessions.sign_in("Ada", PASSWORD, address="x"))
    assert before is not None
    assert before.project_id is None
    projects.choose(ada, project.id, session_id=before.session_id or 0)
    sessions.sign_out(secret)
    again = sessions.look_up(sessions.sign_in("Ada", PASSWORD, address="x"))
    assert again is not None
    assert again.project_id == project.id


def test_one_of_the_browsers_is_ended_and_not_this_one(ada: Actor) -> None:
    text, two = (sessions.sign_in("Ada", PASSWORD, address="x") for _ in range(2))
    here, there = sessions.look_up(text), sessions.look_up(two)
    assert here is not None
    assert there is not None
    with pytest.raises(InvalidInput, match="this browser"):
        browsers.end(ada, here.session_id or 0, current_id=here.session_id)
    browsers.end(ada, there.session_id or 0, current_id=here.session_id)
    assert sessions.look_up(text) is not None
    assert sessions.look_up(two) is None
    with pytest.raises(NotFound):
        browsers.end(ada, there.session_id or 0)


def test_a_session_of_somebody_else_is_not_found(ada: Actor, owner: Actor) -> None:
    who = sessions.look_up(sessions.sign_in("Ada", PASSWORD, address="x"))
    assert who is not None
    with pytest.raises(NotFound):
        browsers.end(owner, who.session_id or 0)


def test_an_owner_ends_all_sessions_and_lets_in_again(ada: Actor, owner: Actor) -> None:
    secret = sessions.sign_in("Ada", PASSWORD, address="x")
    with pytest.raises(PermissionDenied):
        accounts.end_sessions(ada, ada.user_id)
    assert accounts.end_sessions(owner, ada.user_id) == 1
    assert sessions.look_up(secret) is None
    accounts.deactivate(owner, ada.user_id)
    with pytest.raises(NotSignedIn):
        sessions.sign_in("Ada", PASSWORD, address="x")
    with pytest.raises(PermissionDenied):
        accounts.reactivate(ada, ada.user_id)
    accounts.reactivate(owner, ada.user_id)
    assert sessions.look_up(sessions.sign_in("Ada", PASSWORD, address="x")) is not None
    with pytest.raises(NotFound):
        accounts.reactivate(owner, ada.user_id)


def test_ending_the_others_keeps_this_one(ada: Actor) -> None:
    text, two = (sessions.sign_in("Ada", PASSWORD, address="x") for _ in range(2))
    here = sessions.look_up(text)
    assert here is not None
    assert browsers.end_others(ada, current_id=here.session_id) == 1
    assert sessions.look_up(two) is None
    assert [view.is_current for view in browsers.list_sessions(ada, current_id=here.session_id)] == [True]


def test_a_session_ends_after_14_days_without_use(ada: Actor) -> None:
    secret = sessions.sign_in("Ada", PASSWORD, address="x")
    backdate(tables.LoginSession, expires_at=now() - timedelta(seconds=1))
    assert sessions.look_up(secret) is None


def test_use_moves_the_end_at_most_once_a_day(ada: Actor) -> None:
    secret = sessions.sign_in("Ada", PASSWORD, address="x")
    almost = now() + timedelta(days=13, hours=1)
    backdate(tables.LoginSession, expires_at=almost)
    sessions.look_up(secret)
    with reading() as db:
        assert db.query(tables.LoginSession).one().expires_at == almost
    backdate(tables.LoginSession, expires_at=now() + timedelta(days=2))
    sessions.look_up(secret)
    with reading() as db:
        assert db.query(tables.LoginSession).one().expires_at > now() + timedelta(days=13, hours=23)


def test_a_link_works_once(owner: Actor) -> None:
    link = accounts.one_time_link(owner, owner.user_id)
    assert sessions.peek_link(link) == "owner"
    assert sessions.peek_link(link) == "owner"  # looking does not use it up
    sessions.sign_in_with_link(link)
    assert sessions.peek_link(link) is None
    with pytest.raises(NotSignedIn, match="was used, has expired"):
        sessions.sign_in_with_link(link)


def test_of_many_clicks_on_a_link_one_wins(owner: Actor) -> None:
    link = accounts.one_time_link(owner, owner.user_id)
    won: list[str] = []

    def click() -> None:
        with contextlib.suppress(NotSignedIn):
            won.append(sessions.sign_in_with_link(link))

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_link_expires_after_15_minutes(owner: Actor) -> None:
    link = accounts.one_time_link(owner, owner.user_id)
    with reading() as db:
        left = db.query(tables.LoginLink).one().expires_at - now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    backdate(tables.LoginLink, expires_at=now() - timedelta(seconds=1))
    assert sessions.peek_link(link) is None
    with pytest.raises(NotSignedIn):
        sessions.sign_in_with_link(link)


def test_a_token_stands_for_its_owner_until_it_expires(ada: Actor) -> None:
    _, token = sessions.create_token(ada, name="script", days=7)
    who = sessions.look_up_token(token)
    assert who is not None
    assert (who.actor.user_id, who.actor.via, who.session_id) == (ada.user_id, "api", None)
    assert sessions.list_tokens(ada)[0].last_used_at is not None
    backdate(tables.Token, expires_at=now() - timedelta(seconds=1))
    assert sessions.look_up_token(token) is None
    assert sessions.list_tokens(ada) == []


def test_a_revoked_token_is_useless_and_others_cannot_revoke_it(ada: Actor) -> None:
    token_id, token = sessions.create_token(ada, name="script")
    with pytest.raises(NotFound):
        sessions.revoke_token(rows.make_actor(), token_id)
    sessions.revoke_token(ada, token_id)
    assert sessions.look_up_token(token) is None
    with pytest.raises(NotFound):
        sessions.revoke_token(ada, token_id)


@pytest.mark.parametrize(("name", "days"), [("", 7), ("x" * 81, 7), ("script", 0), ("script", 366)])
def test_a_token_without_a_name_or_an_end_is_refused(ada: Actor, name: str, days: int) -> None:
    with pytest.raises(InvalidInput):
        sessions.create_token(ada, name=name, days=days)


def test_a_sessions_secret_is_no_token_and_the_other_way_round(ada: Actor) -> None:
    secret = sessions.sign_in("Ada", PASSWORD, address="x")
    _, token = sessions.create_token(ada, name="script")
    assert sessions.look_up_token(secret) is None
    assert sessions.look_up(token) is None
