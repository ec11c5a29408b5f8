"""Each act that changes something leaves one line, in the same transaction."""

from collections.abc import Callable

import pytest

from backend.db import reading, session, tables
from backend.errors import Conflict, RondoError
from backend.services import checkpoints, events, projects, rounds
from backend.services.access import Actor
from backend.services.people import accounts, sessions
from backend.services.recipes import templates
from backend.values import Role, RoundStatus, Stage
from tests import rows

SECRET = "correct horse battery"


def noted() -> list[tuple[str, str]]:
    with reading() as db:
        return [(row.verb, row.subject) for row in db.query(tables.Event).order_by(tables.Event.id)]


@pytest.fixture
def owner(database: str) -> Actor:
    return accounts.local_owner()


@pytest.fixture
def ada(owner: Actor) -> Actor:
    return Actor(accounts.create_user(owner, "Ada"), "Ada")


def test_accounts_leave_their_lines(owner: Actor, ada: Actor) -> None:
    accounts.one_time_link(owner, ada.user_id)
    accounts.set_password(ada, ada.user_id, SECRET)
    token_id, _ = sessions.create_token(ada, name="script")
    sessions.revoke_token(ada, token_id)
    sessions.sign_in("Ada", SECRET, address="x")
    accounts.end_sessions(owner, ada.user_id)
    accounts.deactivate(owner, ada.user_id)
    accounts.reactivate(owner, ada.user_id)
    assert noted() == [
        ("add account", "Ada"),
        ("make login link", "Ada"),
        ("set password", "Ada"),
        ("make token", "script"),
        ("revoke token", "script"),
        ("sign in", "Ada"),
        ("end sessions", "Ada"),
        ("deactivate account", "Ada"),
        ("reactivate account", "Ada"),
    ]


def test_a_project_leaves_its_lines(owner: Actor) -> None:
    project_id = projects.create(owner, "Loop")
    projects.edit(owner, project_id, guidelines="Be kind.")
    accounts.invite(owner, project_id, "Ben", Role.viewer)
    ben = accounts.find(owner, "Ben").id
    accounts.set_role(owner, project_id, ben, Role.curator)
    accounts.remove(owner, project_id, ben)
    templates.save(owner, project_id, "rubric", "Judge {prompt} {response}")
    assert [verb for verb, _ in noted()] == [
        "make project",
        "change project",
        "invite",
        "change role",
        "remove person",
        "save template",
    ]
    with reading() as db:
        role = db.query(tables.Event).filter_by(verb="change role").one()
    assert (role.details, role.project_id) == ({"was": "viewer", "role": "curator"}, project_id)
    assert (role.user_id, role.via) == (owner.user_id, "cli")


def test_no_secret_is_in_the_log(owner: Actor, ada: Actor) -> None:
    accounts.set_password(ada, ada.user_id, SECRET)
    secrets = {SECRET, accounts.one_time_link(owner, ada.user_id), sessions.create_token(ada, name="t")[1]}
    with reading() as db:
        written = "".join(f"{row.verb} {row.subject} {row.details}" for row in db.query(tables.Event))
    assert not [secret for secret in secrets if secret in written]


def refused_cancel(owner: Actor) -> None:
    project = rows.make_project()
    row = rows.make_round(project, status=RoundStatus.done, stage=Stage.evaluate)
    rounds.cancel(owner, row.id)


def refused_deactivation(owner: Actor) -> None:
    accounts.deactivate(owner, owner.user_id)


def refused_forgetting(owner: Actor) -> None:
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    rows.make_round(project, base)
    checkpoints.delete(owner, base.id)


@pytest.mark.parametrize("act", [refused_cancel, refused_deactivation, refused_forgetting])
def test_what_was_refused_is_not_noted(owner: Actor, act: Callable[[Actor], None]) -> None:
    with pytest.raises(RondoError):
        act(owner)
    assert noted() == []


def test_a_transaction_that_fails_notes_nothing(owner: Actor) -> None:
    def act() -> None:
        with session() as db:
            events.note(db, owner, "try", "something")
            raise Conflict("It does not work. Stop.")

    with pytest.raises(Conflict):
        act()
    assert noted() == []


def test_a_subject_of_any_length_is_kept_short(owner: Actor) -> None:
    with session() as db:
        events.note(db, owner, "v" * 100, "s" * 10_000, size=1)
    assert noted() == [("v" * events.MAX_VERB, "s" * events.MAX_SUBJECT)]
