"""Scores in the review desk, on whatever scale the judge has: by single keys where they fit, else typed."""

import pytest
from playwright.sync_api import expect

from backend.db import session, tables
from backend.values import DecisionKind
from tests.browser.desk import Review, empty

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind


def judge(lowest: float, highest: float, accept_at: float) -> dict[str, float]:
    return {"lowest": lowest, "highest": highest, "accept_at": accept_at}


def scores(desk: Review) -> list[float | None]:
    assert {row.kind for row in desk.written()} == {K.score}
    return [row.score for row in desk.written()]


@pytest.mark.parametrize("lowest", [0, 1])
def test_a_scale_up_to_ten_has_a_key_for_each_score(empty: None, chromium: object, lowest: int) -> None:
    desk = Review(chromium, judge=judge(lowest, 10, 7))
    buttons = desk.page.locator("[data-command^=score]")
    expect(buttons).to_have_count(11 - lowest)
    expect(buttons.last).to_have_text("10T")
    desk.press("1", "9", "t")
    buttons.last.click()
    desk.saved()
    assert scores(desk) == [1.0, 9.0, 10.0, 10.0]
    desk.press("p")
    desk.sees(".mine", "p means nothing here")


def test_a_score_up_to_a_hundred_is_typed_and_checked_in_place(empty: None, chromium: object) -> None:
    desk = Review(chromium, judge=judge(0, 100, 60))
    desk.press("7")
    desk.sees(".mine", "7 means nothing here")
    desk.press("?")
    expect(desk.page.locator("dialog[open] tr", has_text="Type a score").locator("kbd")).to_have_text("P")
    desk.press("Escape", "p")
    box = desk.page.get_by_label("Score, 0 to 100")
    expect(box).to_be_focused()
    desk.press("Enter")
    desk.sees(".work .said", "No score is typed. Give a number from 0 to 100.")
    desk.page.keyboard.type("140")
    desk.sees_not(".work .said", "No score")
    desk.press("Enter")
    desk.sees(".work .said", "140 is not on the judge's scale. Give a number from 0 to 100.")
    desk.press("Control+A")
    desk.page.keyboard.type("7x")
    desk.press("Enter")
    desk.sees(".work .said", "7x is no number.")
    desk.press("Escape")
    expect(box).to_be_hidden()
    desk.comes(desk.ids[0])
    desk.press("p")
    desk.page.keyboard.type("73")
    desk.press("Enter")
    desk.comes(desk.ids[1])
    desk.press("Control+k")
    desk.page.keyboard.type("type a score")
    desk.press("Enter")
    desk.page.keyboard.type("0")
    desk.press("Enter", "p")
    desk.page.keyboard.type("100")
    desk.press("Enter")
    desk.saved()
    assert scores(desk) == [73.0, 0.0, 100.0]
    assert desk.errors == []


def test_a_score_between_nought_and_one_is_given_on_a_phone(empty: None, chromium: object) -> None:
    desk = Review(chromium, width=390, judge=judge(0, 1, 0.5))
    for text in ("0.25", "0,75"):
        desk.page.get_by_role("button", name="Score…").click()
        desk.page.get_by_label("Score, 0 to 1").fill(text)
        desk.page.get_by_role("button", name="Give the score").click()
    desk.page.get_by_role("button", name="Score…").click()
    desk.page.get_by_role("button", name="Leave").click()
    desk.saved()
    assert scores(desk) == [0.25, 0.75]


def test_a_key_of_ones_own_goes_before_what_has_it_as_it_comes(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    with session() as db:
        db.get_one(tables.User, desk.actor.user_id).preferences = {"keys": {"accept": ["t"]}}
    desk.open()
    desk.press("t")
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0])]
