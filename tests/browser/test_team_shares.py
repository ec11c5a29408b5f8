"""Team -> Shares and Over rounds, and the table of all projects, in Chromium."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.services.queue import pauses, shares
from backend.services.queue.shares import Ask
from tests.browser.desk import Review, empty, sign_in
from tests.browser.settled import fits, settled
from tests.browser.test_team import Team
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    result = Team(chromium)
    yield result
    assert result.errors == []
    result.context.close()


def test_a_share_is_asked_for_and_a_paused_person_reads_why(team: Team, chromium: Any) -> None:
    team.decide(team.ada, "ax")
    pauses.pause(team.curator, team.round.id, team.ada.user_id, reason="2 of 10 items of known label were right.")
    team.open()
    team.tab("Shares")
    team.sees("shares-table", "2 of 10 items")
    people = team.page.locator("#shares-people input")
    people.click()
    team.page.get_by_role("option", name="Ben").click()
    team.page.locator("#shares-share input").fill("25")
    team.page.locator("#shares-ask").click()
    team.sees("shares-table", "25%, 10 items")
    asked = {person.who: person.asked for person in shares.listing(team.curator, team.round.id)}
    assert asked == {"Ada": 0, "Ben": 10}
    expect(team.page.locator("#shares-share input")).to_have_value("25")
    team.page.locator("#shares-share input").fill("")
    team.page.locator("#shares-ask").click()
    expect(team.page.locator("#shares-problem")).to_contain_text("Neither a share nor a quota is given.")
    team.sees("shares-table", "25%, 10 items")
    team.tab("Over rounds")
    team.sees("over-table", "Ada")
    fits(team.page)
    context = chromium.new_context(viewport={"width": 400, "height": 860})
    sign_in(context, team.ada)
    desk = context.new_page()
    desk.goto(f"{site.address()}/review?round={team.round.id}")
    expect(desk.locator("#review-desk .rondo-empty")).to_contain_text("2 of 10 items of known label were right.")
    context.close()


def test_a_desk_says_at_once_that_the_quota_is_done(empty: None, chromium: Any) -> None:
    desk = Review(chromium, number=6)
    desk.leave()
    shares.ask(desk.actor, desk.round.id, [Ask(desk.actor.user_id, quota=2)])
    desk.open()
    expect(desk.page.locator(".spoken")).to_have_text(f"Sample {desk.ids[0]}, 2 left")
    desk.press("a", "a")
    expect(desk.page.locator("#review-desk .rondo-empty")).to_contain_text("2 of the 2 items that are asked of you")
    desk.sees_not(".rondo-empty", "Trying again")


def test_all_projects_fit_a_phone_and_lead_on(team: Team) -> None:
    shares.ask(team.curator, team.round.id, [Ask(team.ben.user_id, quota=3)])
    for width in (1280, 400):
        team.page.set_viewport_size({"width": width, "height": 800})
        team.page.goto(f"{site.address()}/projects?sort=waits")
        fits(team.page)
    team.page.get_by_role("link", name="Round 1").click()
    expect(team.page.locator("#review-desk .answer :is(.text, .markdown)")).to_be_visible()
    settled(team.page)
