"""Tags at the review desk: typed by a key, saved by Enter, and nobody else's lost."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.services.samples import tags
from backend.values import DecisionKind, Role
from tests import rows
from tests.browser.desk import Review, empty
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def put(desk: Review) -> list[tuple[int, str, int | None]]:
    """Which sample has which tag by whom."""
    row = tables.SampleTag
    with reading() as db:
        query = select(row.sample_id, row.tag, row.user_id).where(row.round_id == desk.round.id)
        return sorted(db.execute(query).tuples())


def test_a_key_types_tags_and_takes_them_away(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    mine, (first, second, *_) = desk.actor.user_id, desk.ids
    box = desk.page.get_by_label("Tags, with commas between them")
    desk.press("l")
    desk.page.keyboard.type("Too long, odd")
    desk.press("Enter")
    desk.shows(".mine", "The tags are saved.")
    assert put(desk) == [(first, "odd", mine), (first, "too long", mine)]
    expect(box).to_have_count(0)
    desk.press("l")
    expect(box).to_have_value("odd, too long, ")
    box.fill("odd, ")
    desk.press("Enter", "a")
    until(lambda: put(desk) == [(first, "odd", mine)])
    desk.comes(second)
    desk.press("l")
    expect(desk.page.locator("#review-known-tags option")).to_have_count(1)
    desk.page.keyboard.type("left")
    desk.press("Escape")
    desk.press("x")
    desk.saved()
    assert desk.decisions() == [(DecisionKind.accept, first), (DecisionKind.reject, second)]
    assert put(desk) == [(first, "odd", mine)]
    assert desk.errors == []


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_a_tag_that_is_refused_stays_in_the_box(empty: None, chromium: object, key: str) -> None:
    desk = Review(chromium)
    sent: list[str] = []
    desk.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    colleague = rows.make_actor(desk.project, Role.reviewer)
    tags.change(colleague, [desk.ids[0]], add=["theirs"])
    box = desk.page.get_by_label("Tags, with commas between them")
    desk.press("l")
    desk.page.keyboard.type("x" * 41)
    desk.press(key)
    desk.sees(".message", "40")
    expect(box).to_have_value(f"theirs, {'x' * 41}")
    assert len([url for url in sent if url.endswith("/tags")]) == 1
    assert [tag for _, tag, _ in put(desk)] == ["theirs"]


def test_keys_wait_for_no_answer_about_tags(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    mine, (first, second, *_) = desk.actor.user_id, desk.ids
    tags.change(desk.actor, desk.ids[:1], add=["odd"])
    asked: list[Any] = []
    desk.page.route(f"**/samples/{first}/tags", lambda route: asked.append(route))
    desk.press("l")
    desk.page.keyboard.type("Too long,")
    until_asked(desk, asked, 1)
    asked[0].continue_()
    box = desk.page.get_by_label("Tags, with commas between them")
    expect(box).to_have_value("odd, Too long,")
    desk.page.keyboard.type(" new")
    desk.press("Enter", "a")
    desk.comes(second)
    desk.saved()
    until_asked(desk, asked, 2)
    assert put(desk) == [(first, "odd", mine)], "not sent yet"
    asked[1].continue_()
    until(lambda: [tag for _, tag, _ in put(desk)] == ["new", "odd", "too long"])
    assert desk.decisions() == [(DecisionKind.accept, first)]
    assert desk.errors == []


def test_tags_that_are_refused_after_one_went_on_are_named(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    first, second, *_ = desk.ids
    asked: list[Any] = []
    desk.page.route(
        f"**/samples/{first}/tags",
        lambda route: asked.append(route) if route.request.method == "POST" else route.continue_(),
    )
    desk.press("l")
    desk.page.keyboard.type("lost")
    desk.press("Enter", "a")
    desk.comes(second)
    until_asked(desk, asked, 1)
    asked[0].abort()
    desk.sees(".message", f"Tags of sample {first} that are not saved: lost")
    expect(desk.page.get_by_label("Tags, with commas between them")).to_have_count(0)
    assert put(desk) == []


def test_a_reviewer_changes_no_tags_of_colleagues(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.reviewer, is_blind=False)
    mine, first = desk.actor.user_id, desk.ids[0]
    colleague = rows.make_actor(desk.project, Role.reviewer)
    tags.change(colleague, [first], add=["theirs", "both"])
    tags.change(desk.actor, [first], add=["both"])
    box = desk.page.get_by_label("Tags, with commas between them")
    desk.press("a")  # until one has decided, what colleagues put is hidden
    desk.saved()
    desk.press("k", "l")
    expect(box).to_have_value("both, ")
    desk.sees(".work", "Colleagues' tags: theirs")
    desk.page.keyboard.type("theirs")
    desk.press("Enter")
    desk.shows(".mine", "The tags are saved.")
    assert [tag for _, tag, user_id in put(desk) if user_id == mine] == ["both", "theirs"]
    assert [tag for _, tag, user_id in put(desk) if user_id == colleague.user_id] == ["both", "theirs"]


def until_asked(desk: Review, asked: list[Any], number: int) -> None:
    """Wait until the page sent so many requests; Playwright tells of them while it is asked something."""
    until(lambda: desk.page.evaluate("1") and len(asked) >= number, "what the page asks")
