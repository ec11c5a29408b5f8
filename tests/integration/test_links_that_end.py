"""A link opens an account as it was when the link was made: whatever the account gains afterwards ends the link."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from backend.db import reading, tables
from backend.errors import NotSignedIn
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, browsers, oidc, sessions
from backend.values import Role

pytestmark = pytest.mark.on_sqlite

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Place:
    """Two projects; Mallory is admin of the second, and keeps the link with which Bob was invited there."""

    owner: Actor
    first: int
    second: int
    mallory: Actor
    bob: int
    link: str

    @property
    def as_bob(self) -> Actor:
        return Actor(self.bob, "Bob")


@pytest.fixture
def place(database: str) -> Place:
    owner = accounts.local_owner()
    first, second = (projects.create(owner, name) for name in ("One", "Two"))
    accounts.invite(owner, second, "Mallory", Role.admin)
    mallory = Actor(accounts.find(owner, "Mallory").id, "Mallory")
    link = accounts.invite(mallory, second, "Bob", Role.viewer)
    assert link is not None
    assert sessions.peek_link(link) == "Bob"
    return Place(owner, first, second, mallory, accounts.find(owner, "Bob").id, link)


def sign_in_by_link(place: Place) -> None:
    sessions.sign_in_with_link(accounts.one_time_link(place.owner, place.bob))


GAINS: dict[str, Callable[[Place], object]] = {
    "a membership": lambda p: accounts.invite(p.owner, p.first, "Bob", Role.admin),
    "another role": lambda p: accounts.set_role(p.owner, p.second, p.bob, Role.admin),
    "another role by being invited again": lambda p: accounts.invite(p.mallory, p.second, "Bob", Role.curator),
    "a password": lambda p: accounts.set_password(p.owner, p.bob, PASSWORD),
    "a sign-in at a provider": lambda p: oidc.enter(
        {"iss": "https://id.test", "sub": "bob", "email": "b@id.test", "email_verified": True},
        accounts.one_time_link(p.owner, p.bob),
    ),
    "a newer link": lambda p: accounts.one_time_link(p.owner, p.bob),
    "a sign-in by another link": sign_in_by_link,
    "being removed": lambda p: accounts.remove(p.mallory, p.second, p.bob),
    "being signed out": lambda p: accounts.end_sessions(p.owner, p.bob),
    "signing out elsewhere": lambda p: browsers.end_others(p.as_bob),
    "being shut out and let in again": lambda p: (
        accounts.deactivate(p.owner, p.bob),
        accounts.reactivate(p.owner, p.bob),
    ),
}


@pytest.mark.parametrize("gain", GAINS)
def test_an_old_invitation_opens_nothing_after(place: Place, gain: str) -> None:
    GAINS[gain](place)
    assert sessions.peek_link(place.link) is None
    with pytest.raises(NotSignedIn, match="ended when the account changed"):
        sessions.sign_in_with_link(place.link)


def test_a_sign_in_by_password_ends_the_link_that_was_not_needed(place: Place) -> None:
    accounts.set_password(place.owner, place.bob, PASSWORD)
    link = accounts.one_time_link(place.owner, place.bob)
    sessions.sign_in("Bob", PASSWORD, address="x")
    assert sessions.peek_link(link) is None


def test_a_refused_gain_leaves_the_link(place: Place) -> None:
    with pytest.raises(Exception, match="There is no project"):
        accounts.invite(place.mallory, place.first, "Bob", Role.admin)
    assert sessions.peek_link(place.link) == "Bob"


def test_a_link_and_a_role_at_the_same_moment_never_both_stand(place: Place) -> None:
    """However the two fall together: a link that works opens only what its maker could give."""

    def again() -> str | None:
        return accounts.invite(place.mallory, place.second, "Bob", Role.viewer)

    def elsewhere() -> None:
        accounts.invite(place.owner, place.first, "Bob", Role.admin)

    for _ in range(10):
        with ThreadPoolExecutor(2) as pool:
            future = pool.submit(again)
            pool.submit(elsewhere).result()
        link = future.result()
        assert link is None or sessions.peek_link(link) is None
        accounts.remove(place.owner, place.first, place.bob)


def test_a_click_and_a_role_at_the_same_moment_end_without_an_error(place: Place) -> None:
    """Both lock the account first: the database breaks no knot."""
    for number in range(10):
        link = accounts.one_time_link(place.owner, place.bob)

        def click(link: str = link) -> None:
            with contextlib.suppress(NotSignedIn):
                sessions.sign_in_with_link(link)

        role = Role.viewer if number % 2 else Role.reviewer
        with ThreadPoolExecutor(2) as pool:
            clicked = pool.submit(click)
            pool.submit(accounts.set_role, place.owner, place.second, place.bob, role).result()
            clicked.result()


def test_rights_given_by_hand_end_with_the_session_that_used_them(place: Place) -> None:
    """A role that is taken away is gone for a session and a token that were made before."""
    who = sessions.look_up(sessions.sign_in_with_link(place.link))
    assert who is not None
    _, token = sessions.create_token(who.actor, name="script")
    accounts.remove(place.mallory, place.second, place.bob)
    by_token = sessions.look_up_token(token)
    assert by_token is not None
    assert projects.list_mine(who.actor) == projects.list_mine(by_token.actor) == []


def test_an_account_never_has_two_links_that_work(place: Place) -> None:
    for _ in range(3):
        accounts.one_time_link(place.owner, place.bob)
    with reading() as db:
        open_ = db.query(tables.LoginLink).filter_by(user_id=place.bob, used_at=None).count()
    assert open_ == 1


def test_links_of_processes_that_start_beside_each_other_work_until_one_is_used(place: Place) -> None:
    invitation = place.link
    links = [accounts.one_time_link(place.owner, place.bob, ends_others=False) for _ in range(3)]
    assert sessions.peek_link(invitation) is None, "it would last for days"
    assert [sessions.peek_link(link) for link in links] == ["Bob"] * 3
    sessions.sign_in_with_link(links[0])
    assert [sessions.peek_link(link) for link in links] == [None] * 3
    links = [accounts.one_time_link(place.owner, place.bob, ends_others=False) for _ in range(2)]
    accounts.invite(place.owner, place.first, "Bob", Role.admin)
    assert [sessions.peek_link(link) for link in links] == [None] * 2
