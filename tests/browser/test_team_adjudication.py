"""Team -> Disagreements in Chromium: each item settled with one key, by one curator, and taken back."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import reading, session, tables
from backend.services.team import adjudication
from backend.values import DecisionKind, Role, Verdict
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.test_team import Team, labels, team

__all__ = ["empty", "team"]
pytestmark = pytest.mark.browser


def test_a_disagreement_is_settled_with_one_key(team: Team) -> None:
    team.decide(team.ada, "aax")
    team.decide(team.ben, "axa")
    team.open()
    team.tab("Disagreements")
    item = team.page.locator("#adjudication-item")
    item.get_by_text("2 to settle").wait_for()
    shown = item.inner_text()
    assert "Ada" in shown
    assert "Ben" in shown
    team.page.keyboard.press("x")
    item.get_by_text("1 to settle").wait_for()
    team.page.keyboard.press("s")
    item.get_by_text("1 item is left for later").wait_for()
    assert adjudication.count(team.curator, team.round.id) == 1
    with reading() as db:
        (row,) = db.query(tables.Decision).filter_by(is_adjudication=True).all()
        assert (row.sample_id, row.kind) == (team.ids[1], DecisionKind.reject)
        assert db.get_one(tables.Label, team.ids[1]).verdict is Verdict.reject


def adjudicated(team: Team) -> list[tuple[int, DecisionKind]]:
    """Sample and kind of every adjudication, taken back or not."""
    with reading() as db:
        rows_ = db.query(tables.Decision).filter_by(is_adjudication=True).order_by(tables.Decision.id)
        return [(row.sample_id, row.kind) for row in rows_]


def press_at_once(team: Team, keys: str) -> None:
    """Keys faster than any answer: nothing can be painted between them."""
    script = "(keys) => [...keys].forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', %s)))"
    team.page.evaluate(script % "{ key, bubbles: true }", keys)


def test_keys_settle_the_item_they_were_pressed_on_and_are_taken_back(team: Team) -> None:
    team.decide(team.ada, "aaa")
    team.decide(team.ben, "xxa")
    a, b = team.ids[:2]
    team.open()
    team.tab("Disagreements")
    item = team.page.locator("#adjudication-item")
    title = item.locator("h3")
    expect(title).to_have_text(f"Sample {a}")
    press_at_once(team, "axx")
    expect(title).to_have_text(f"Sample {b}")
    # It is painted before the server has answered, and can be clicked when it has.
    expect(item.get_by_role("button", name="Reject")).to_be_enabled()
    assert adjudicated(team) == [(a, DecisionKind.accept)], "one item, one word"
    item.locator("[data-sample]").evaluate(f"(one) => one.dataset.sample = {a}")
    team.page.keyboard.press("x")
    expect(item.get_by_role("button", name="Reject")).to_be_enabled()
    assert adjudicated(team) == [(a, DecisionKind.accept)], "meant for an item that is not the next one any more"
    team.page.keyboard.press("u")
    expect(item.get_by_role("status")).to_have_text("Taken back. Settle this item again.")
    expect(title).to_have_text(f"Sample {a}")
    assert adjudication.count(team.curator, team.round.id) == 2
    team.page.keyboard.press("x")
    expect(title).to_have_text(f"Sample {b}")
    team.page.keyboard.press("a")
    expect(item).to_contain_text("Nobody disagrees")
    item.get_by_role("button", name="Undo my last").click()
    expect(title).to_have_text(f"Sample {b}")
    team.page.keyboard.press("u")
    expect(title).to_have_text(f"Sample {a}")
    team.page.keyboard.press("u")
    expect(item.get_by_role("status")).to_contain_text("You have settled no item of this round")
    assert adjudication.count(team.curator, team.round.id) == 2


def test_keys_count_again_after_a_refusal(team: Team) -> None:
    team.decide(team.ada, "a")
    team.decide(team.ben, "x")
    team.open()
    team.tab("Disagreements")
    item = team.page.locator("#adjudication-item")
    expect(item.locator("h3")).to_have_text(f"Sample {team.ids[0]}")
    become(team, Role.reviewer)
    team.page.keyboard.press("a")
    team.page.get_by_text("This needs the role curator").first.wait_for()
    become(team, Role.curator)
    expect(item.get_by_role("button", name="Accept")).to_be_enabled()
    team.page.keyboard.press("x")
    expect(item).to_contain_text("Nobody disagrees")
    assert adjudicated(team) == [(team.ids[0], DecisionKind.reject)]


def become(team: Team, role: Role) -> None:
    with session() as db:
        db.query(tables.Membership).filter_by(user_id=team.curator.user_id).one().role = role


def test_of_two_curators_the_second_is_told_what_the_first_settled(team: Team, chromium: Any) -> None:
    team.decide(team.ada, "aa")
    team.decide(team.ben, "xx")
    a, b = team.ids[:2]
    second = rows.make_actor(team.project, Role.curator, name="Dora")
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    sign_in(context, second)
    first_page, second_page = team.page, context.new_page()
    items = []
    for page in (first_page, second_page):
        team.page = page
        team.open()
        team.tab("Disagreements")
        items.append(page.locator("#adjudication-item"))
        expect(items[-1].locator("h3")).to_have_text(f"Sample {a}")
    first_page.keyboard.press("a")
    expect(items[0].locator("h3")).to_have_text(f"Sample {b}")
    expect(items[0].get_by_role("button", name="Accept")).to_be_enabled()
    second_page.keyboard.press("x")
    expect(items[1].get_by_role("status")).to_contain_text("Cleo settled this item meanwhile: accept.")
    expect(items[1].locator("h3")).to_have_text(f"Sample {b}")
    assert adjudicated(team) == [(a, DecisionKind.accept)]
    assert labels(team)[0].verdict is Verdict.accept
    second_page.keyboard.press("x")
    expect(items[1]).to_contain_text("Nobody disagrees")
    assert adjudicated(team) == [(a, DecisionKind.accept), (b, DecisionKind.reject)]
    context.close()
