"""The overview in Chromium: a round that waits for people is cancelled there, after one more question."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from backend.db import reading, session, tables
from backend.services.queue import gold
from backend.values import Role, RoundStatus, Verdict
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.test_team import Team
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    result = Team(chromium, role=Role.curator)
    yield result
    assert result.errors == []
    result.context.close()


def status(team: Team) -> RoundStatus:
    with reading() as db:
        return db.get_one(tables.Round, team.round.id).status


def test_a_round_that_waits_for_people_is_cancelled_after_a_question(team: Team) -> None:
    gold.mark(team.curator, team.round.id, team.ids[:3], Verdict.accept, reason="checked by hand")
    team.decide(team.ada, "ax")
    team.open("")
    cancel, really = team.page.locator("#cancel-round"), team.page.locator("#cancel-really")
    card = team.page.locator("#loop .round", has_text="Round 1")
    expect(card).to_contain_text("waits for review")
    expect(really).to_be_hidden()
    cancel.click()
    question = team.page.locator("#cancel-said")
    expect(question).to_contain_text("Round 1 ends here for good")
    expect(question).to_contain_text(
        "No further checkpoint of this round is trained. People decided on 2 of the round's 40"
    )
    team.page.locator("#cancel-keep").click()
    expect(really).to_be_hidden()
    assert status(team) is RoundStatus.review
    cancel.click()
    really.click()
    expect(card).to_contain_text("cancelled")
    expect(cancel).to_be_hidden()
    expect(really).to_be_hidden()
    assert status(team) is RoundStatus.cancelled


def test_who_may_not_cancel_is_not_offered_it(team: Team) -> None:
    sign_in(team.context, rows.make_actor(team.project, Role.reviewer))
    team.open("")
    expect(team.page.locator("#next-action")).to_contain_text("waits for people")
    expect(team.page.locator("#cancel-round")).to_be_hidden()


def test_whoever_has_no_checkpoint_lands_where_one_is_registered(team: Team) -> None:
    other = rows.make_project("New")
    with session() as db:
        db.add(tables.Membership(project_id=other.id, user_id=team.curator.user_id, role=Role.admin))
    team.page.goto(site.page(other, "checkpoints"))
    expect(team.page.locator("#register-location")).to_be_visible()
    team.page.goto(site.page(team.project, "checkpoints"))
    expect(team.page.locator("#detail")).to_contain_text("base")
    expect(team.page.locator("#register-location")).to_be_hidden()
