"""Editing in the review desk: what is saved, what is kept, what is said."""

import pytest
from playwright.sync_api import expect

from backend.values import DecisionKind
from tests.browser.desk import Review, empty

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind


def test_an_empty_or_unchanged_edit_stays_open_and_says_why(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    box = desk.page.get_by_label("Edited text")
    desk.press("e", "Control+Enter")
    desk.shows(".said", "Nothing is changed; Esc leaves it.")
    desk.press("Control+A", "Delete", "Control+Enter")
    desk.shows(".said", "The text is empty: write something, or reject the sample.")
    desk.page.get_by_role("button", name="Save the edit").click()
    expect(box).to_be_visible()
    desk.page.keyboard.type("better")
    desk.shows(".said", "")
    desk.press("Control+Enter")
    desk.saved()
    assert desk.decisions() == [(K.edit, desk.ids[0])]
    assert desk.errors == []


def test_escape_keeps_the_draft_and_the_item_shows_it(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page, box, badge = desk.page, desk.page.get_by_label("Edited text"), desk.page.locator("#review-desk .facts .draft")
    desk.press("e", "Escape")
    assert (badge.count(), desk.text(".mine")) == (0, "")
    desk.press("e")
    before = box.input_value()
    expect(page.get_by_role("button", name="Back to the original")).to_be_hidden()
    desk.press("Control+A")
    page.keyboard.type("half a tho")
    desk.press("Escape")
    desk.shows(".mine", "Your text is kept: E opens it again.")
    expect(badge).to_be_visible()
    desk.open()
    expect(badge).to_be_visible()
    desk.press("e")
    expect(box).to_have_value("half a tho")
    page.get_by_role("button", name="Back to the original").click()
    expect(box).to_have_value(before)
    desk.press("Escape")
    expect(badge).to_have_count(0)
    assert desk.decisions() == []


def test_a_column_shows_its_draft_until_it_is_saved(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review={"mode": "group"})
    badge = desk.page.locator("#review-desk .column").nth(1).locator(".draft")
    desk.press("2", "e", "Control+A")
    desk.page.keyboard.type("better")
    desk.press("Escape")
    expect(badge).to_be_visible()
    desk.press("e", "Control+Enter")
    expect(badge).to_have_count(0)
    desk.saved()
    assert desk.decisions() == [(K.edit, desk.ids[1])]
