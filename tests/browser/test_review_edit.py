"""Editing in the review desk: what is saved, what is kept, what is said."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.values import DecisionKind
from tests.browser.desk import Review, empty
from tests.integration import site

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


def test_after_a_reload_an_edit_is_compared_with_its_original(empty: None, chromium: object) -> None:
    desk = Review(chromium, texts=[f"The cat {n} sat." for n in range(40)])
    difference = desk.page.locator("#review-desk .difference")
    desk.press("x", "e", "Control+A")
    desk.page.keyboard.type("The dog 1 sat.")
    desk.press("Control+Enter")
    desk.saved()
    desk.open()
    desk.comes(desk.ids[2])
    desk.press("k")
    desk.comes(desk.ids[1])
    desk.sees(".mine", "You edited.")
    desk.press("d")
    expect(difference.locator("del")).to_have_text("cat")
    expect(difference.locator("ins")).to_have_text("dog")
    # Else a sign that turns the direction of writing in one part would turn the other's text round.
    expect(difference.locator("ins")).to_have_css("unicode-bidi", "isolate")
    desk.press("k")
    desk.comes(desk.ids[0])
    desk.sees(".mine", "You rejected.")
    desk.press("a", "j")
    desk.saved()
    desk.comes(desk.ids[2])
    assert desk.decisions() == [(K.reject, desk.ids[0]), (K.edit, desk.ids[1]), (K.accept, desk.ids[0])]
    expect(desk.page.locator("#review-desk .outcomes")).to_be_hidden()
    assert desk.errors == []


def test_what_came_back_after_a_reload_is_taken_back_with_its_text(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("e", "Control+A")
    desk.page.keyboard.type("better")
    desk.press("Control+Enter")
    desk.saved()
    desk.open()
    desk.comes(desk.ids[1])
    desk.press("k")
    desk.comes(desk.ids[0])
    desk.press("u")
    desk.saved()
    desk.comes(desk.ids[0])
    desk.shows(".mine", "")
    desk.press("d")
    desk.sees(".compare", "There is one text here.")
    assert [kind for kind, _ in desk.decisions()] == [K.edit, K.retract]
    desk.press("x", "k")
    desk.sees(".mine", "You rejected.")
    assert desk.errors == []


def test_after_a_reload_a_columns_edit_is_what_is_compared(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, texts=[f"The cat {n} sat." for n in range(12)], review={"mode": "group"})
    desk.press("2", "e", "Control+A")
    desk.page.keyboard.type("The dog 1 sat.")
    desk.press("Control+Enter")
    desk.saved()
    desk.open()
    desk.press("d")
    expect(desk.page.locator("#review-desk .difference ins")).to_have_text("dog")
    with reading() as db:
        edit = db.scalars(select(tables.Sample.id).where(tables.Sample.kind == "edit")).one()
    desk.page.goto(f"{site.address()}/samples?round={desk.round.id}&sample={edit}")
    shown = desk.page.locator("#sample-detail .changes")
    expect(shown.locator(".in")).to_have_css("unicode-bidi", "isolate")
    expect(shown).to_have_text("The cat dog 1 sat.")
    expect(shown.get_by_role("deletion")).to_have_text("cat ")
    assert desk.errors == []
