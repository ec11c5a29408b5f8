"""People, what they may do, and who may let whom in."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound, NotSignedIn, PermissionDenied
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, sessions
from backend.values import Role
from tests import rows
from tests.waiting import PATIENCE

PASSWORD = "correct horse battery"


@pytest.fixture
def owner(database: str) -> Actor:
    return accounts.local_owner()


@pytest.fixture
def project_id(owner: Actor) -> int:
    return projects.create(owner, "One")


def user(name: str) -> tables.User:
    with reading() as db:
        return db.query(tables.User).filter_by(name=name).one()


def enter(secret: str | None) -> Actor:
    assert secret is not None
    who = sessions.look_up(sessions.sign_in_with_link(secret))
    assert who is not None
    return who.actor


def test_the_first_owner_has_no_password_and_is_made_once(owner: Actor) -> None:
    assert owner.is_owner
    assert user("owner").password_hash is None
    assert accounts.local_owner() == owner
    with pytest.raises(NotSignedIn):
        sessions.sign_in("owner", "", address="x")
    assert enter(accounts.one_time_link(owner, owner.user_id)).name == "owner"


def test_two_processes_that_start_at_once_make_one_owner(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both_looked, adds = threading.Barrier(2), accounts.add

    def slow(*args: Any, **options: Any) -> tables.User:
        with contextlib.suppress(threading.BrokenBarrierError):
            both_looked.wait(PATIENCE if database.startswith("postgresql") else 0.3)  # SQLite has one writer at a time
        return adds(*args, **options)

    monkeypatch.setattr(accounts, "add", slow)
    with ThreadPoolExecutor(2) as pool:
        first, second = [
            future.result(2 * PATIENCE) for future in [pool.submit(accounts.local_owner) for _ in range(2)]
        ]
    assert first == second
    assert both_looked.broken is not database.startswith("postgresql")
    with reading() as db:
        assert [row.name for row in db.query(tables.User)] == [accounts.FIRST_OWNER]


def test_an_invitation_makes_an_account_with_that_role_only(owner: Actor, project_id: int) -> None:
    other_id = projects.create(owner, "Two")
    ada = enter(accounts.invite(owner, project_id, " Ada ", Role.reviewer))
    assert [(project_view.name, project_view.role) for project_view in projects.list_mine(ada)] == [
        ("One", Role.reviewer)
    ]
    with pytest.raises(NotFound):
        projects.get(ada, other_id)
    with pytest.raises(PermissionDenied):
        accounts.invite(ada, project_id, "Eve", Role.admin)


def test_inviting_someone_known_gives_no_link_into_their_account(owner: Actor, project_id: int) -> None:
    other_id = projects.create(owner, "Two")
    admin = enter(accounts.invite(owner, project_id, "Mallory", Role.admin))
    bob = enter(accounts.invite(owner, other_id, "Bob", Role.curator))
    assert accounts.invite(admin, project_id, "bob", Role.viewer) is None
    assert accounts.invite(admin, project_id, "owner", Role.viewer) is None
    assert {project_view.id for project_view in projects.list_mine(bob)} == {project_id, other_id}


def test_an_admin_gets_no_link_for_someone_invited_elsewhere_who_has_not_come_yet(
    owner: Actor, project_id: int
) -> None:
    other_id = projects.create(owner, "Two")
    accounts.invite(owner, other_id, "Bob", Role.admin)
    admin = enter(accounts.invite(owner, project_id, "Mallory", Role.admin))
    assert accounts.invite(admin, project_id, "Bob", Role.viewer) is None


def test_a_lost_invitation_can_be_made_again_until_it_was_used(owner: Actor, project_id: int) -> None:
    admin = enter(accounts.invite(owner, project_id, "Mo", Role.admin))
    accounts.invite(admin, project_id, "Ada", Role.viewer)
    again = accounts.invite(admin, project_id, "Ada", Role.reviewer)
    ada = enter(again)
    assert projects.get(ada, project_id).role is Role.reviewer
    assert accounts.invite(admin, project_id, "Ada", Role.viewer) is None


def test_a_link_for_someone_else_is_the_owners_to_make(owner: Actor, project_id: int) -> None:
    admin = enter(accounts.invite(owner, project_id, "Mo", Role.admin))
    with pytest.raises(PermissionDenied):
        accounts.one_time_link(admin, owner.user_id)
    assert enter(accounts.one_time_link(admin, admin.user_id)) == admin


def test_names_are_unique_whatever_their_case(owner: Actor) -> None:
    accounts.create_user(owner, "Ada")
    with pytest.raises(Conflict, match="already"):
        accounts.create_user(owner, "ada")
    accounts.create_user(owner, "ÖMER")
    with pytest.raises(Conflict, match="already"):
        accounts.create_user(owner, "ömer")


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "line\nbreak", "nul\x00"])
def test_a_name_that_cannot_be_shown_is_refused(owner: Actor, name: str) -> None:
    with pytest.raises(InvalidInput):
        accounts.create_user(owner, name)


def test_a_role_taken_away_counts_from_the_next_call(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.admin))
    accounts.set_role(owner, project_id, ada.user_id, Role.viewer)
    with pytest.raises(PermissionDenied, match="yours in this project is viewer"):
        projects.edit(ada, project_id, name="Mine")
    accounts.remove(owner, project_id, ada.user_id)
    with pytest.raises(NotFound):
        projects.get(ada, project_id)


def test_people_are_listed_with_owners_as_admins(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.viewer))
    accounts.invite(owner, project_id, "Bob", Role.curator)
    accounts.create_user(owner, "Outsider")
    records = [(p.name, p.role, p.is_owner, p.has_signed_in) for p in accounts.list_people(ada, project_id)]
    assert records == [
        ("Ada", Role.viewer, False, True),
        ("Bob", Role.curator, False, False),
        ("owner", Role.admin, True, False),
    ]


def test_an_own_password_needs_the_current_one_and_ends_other_sessions(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.viewer))
    accounts.set_password(ada, ada.user_id, PASSWORD)
    first = sessions.sign_in("Ada", PASSWORD, address="x")
    second = sessions.sign_in("Ada", PASSWORD, address="x")
    here = sessions.look_up(second)
    assert here is not None
    with pytest.raises(InvalidInput, match="current password"):
        accounts.set_password(ada, ada.user_id, "another password", current="wrong", session_id=here.session_id)
    accounts.set_password(ada, ada.user_id, "another password", current=PASSWORD, session_id=here.session_id)
    assert sessions.look_up(first) is None
    assert sessions.look_up(second) is not None
    with pytest.raises(NotSignedIn):
        sessions.sign_in("Ada", PASSWORD, address="x")


def test_a_new_password_ends_what_somebody_else_may_have_made(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.viewer))
    current = None
    for new in (PASSWORD, "another password"):
        here, elsewhere = (sessions.sign_in_with_link(accounts.one_time_link(owner, ada.user_id)) for _ in range(2))
        link = accounts.one_time_link(owner, ada.user_id)
        _, token = sessions.create_token(ada, name="script")
        signed_in = sessions.look_up(here)
        assert signed_in is not None
        accounts.set_password(ada, ada.user_id, new, current=current, session_id=signed_in.session_id)
        assert sessions.look_up(here) is not None
        assert sessions.look_up(elsewhere) is sessions.look_up_token(token) is sessions.peek_link(link) is None
        assert sessions.list_tokens(ada) == []
        current = new


def test_somebody_elses_password_is_the_owners_to_set(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.admin))
    with pytest.raises(PermissionDenied):
        accounts.set_password(ada, owner.user_id, PASSWORD)
    accounts.set_password(owner, ada.user_id, PASSWORD)
    assert sessions.sign_in("Ada", PASSWORD, address="x")


def test_a_short_password_is_refused(owner: Actor) -> None:
    with pytest.raises(InvalidInput, match="9 characters"):
        accounts.set_password(owner, owner.user_id, "123456789")


def test_passwords_are_kept_as_argon2id(owner: Actor) -> None:
    accounts.set_password(owner, owner.user_id, PASSWORD)
    stored = user("owner").password_hash
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_shut_out_means_sessions_tokens_and_links_at_once(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.viewer))
    accounts.set_password(ada, ada.user_id, PASSWORD)
    secret = sessions.sign_in("Ada", PASSWORD, address="x")
    _, token = sessions.create_token(ada, name="script")
    link = accounts.one_time_link(owner, ada.user_id)
    accounts.deactivate(owner, ada.user_id)
    assert sessions.look_up(secret) is None
    assert sessions.look_up_token(token) is None
    with pytest.raises(NotSignedIn):
        sessions.sign_in_with_link(link)
    with pytest.raises(NotSignedIn):
        sessions.sign_in("Ada", PASSWORD, address="x")
    with pytest.raises(NotSignedIn):
        projects.get(ada, project_id)


def test_the_last_owner_stays(owner: Actor) -> None:
    with pytest.raises(Conflict, match="only owner"):
        accounts.deactivate(owner, owner.user_id)
    other = accounts.create_user(owner, "Second", is_owner=True)
    accounts.deactivate(owner, other)


def test_of_two_owners_who_shut_each_other_out_at_once_one_stays(owner: Actor) -> None:
    other = Actor(accounts.create_user(owner, "Second", is_owner=True), "Second", True)
    pairs = [(owner, other.user_id), (other, owner.user_id)]

    def shut(pair: tuple[Actor, int]) -> None:
        with contextlib.suppress(Conflict, PermissionDenied):
            accounts.deactivate(*pair)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(shut, pairs))
    assert sum(entry.is_active for entry in (user("owner"), user("Second"))) == 1


def test_only_owners_see_everyone_and_start_projects(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.admin))
    for forbidden in (
        lambda: accounts.list_users(ada),
        lambda: accounts.create_user(ada, "Eve"),
        lambda: accounts.deactivate(ada, owner.user_id),
        lambda: projects.create(ada, "Mine"),
    ):
        with pytest.raises(PermissionDenied):
            forbidden()


def test_claiming_to_be_an_owner_is_not_enough(owner: Actor, project_id: int) -> None:
    ada = enter(accounts.invite(owner, project_id, "Ada", Role.viewer))
    liar = Actor(ada.user_id, ada.name, is_owner=True, via="cli")
    for forbidden in (
        lambda: accounts.list_users(liar),
        lambda: projects.edit(liar, project_id, name="Mine"),
        lambda: accounts.set_password(liar, liar.user_id, PASSWORD),
    ):
        with pytest.raises(PermissionDenied):
            forbidden()


def test_a_project_can_be_renamed_but_not_to_a_taken_name(owner: Actor, project_id: int) -> None:
    projects.create(owner, "Two")
    projects.edit(owner, project_id, name="Uno", guidelines="Be kind.")
    for guidelines, why in (("x" * 100_001, "100,000 are allowed"), ("a\x00b", "NUL")):
        with pytest.raises(InvalidInput, match=why):
            projects.edit(owner, project_id, guidelines=guidelines)
    project_view = projects.get(owner, project_id)
    assert (project_view.name, project_view.guidelines, project_view.description) == ("Uno", "Be kind.", "")
    with pytest.raises(Conflict, match="'Two' already"):
        projects.edit(owner, project_id, name="Two")


def test_the_chosen_project_is_shown_while_one_may_see_it(owner: Actor, project_id: int) -> None:
    other = rows.make_project("A first by name")
    ada = rows.make_actor(other, Role.viewer)
    assert projects.current(ada, None) == other.id
    assert projects.current(ada, project_id) == other.id
    assert projects.current(owner, project_id) == project_id
    assert projects.current(rows.make_actor(), None) is None
