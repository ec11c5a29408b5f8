"""Tags at the review desk: typed by a key, saved by Enter, and nobody else's lost."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.services.samples import tags
from backend.values import Role
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
    expect(box).to_have_value("odd, too long")
    box.fill("odd, ")
    desk.press("Enter")
    until(lambda: put(desk) == [(first, "odd", mine)])
    desk.press("a", "l")
    expect(desk.page.locator("#review-known-tags option")).to_have_count(1)
    desk.page.keyboard.type("left")
    desk.press("Escape")
    desk.press("x")
    desk.saved()
    assert desk.decisions()[-1][1] == second
    assert put(desk) == [(first, "odd", mine)]
    assert desk.errors == []


def test_a_tag_that_is_refused_stays_in_the_box(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    colleague = rows.make_actor(desk.project, Role.reviewer)
    tags.change(colleague, [desk.ids[0]], add=["theirs"])
    box = desk.page.get_by_label("Tags, with commas between them")
    desk.press("l")
    desk.page.keyboard.type("x" * 41)
    desk.press("Enter")
    desk.sees(".message", "40")
    expect(box).to_be_visible()
    assert [tag for _, tag, _ in put(desk)] == ["theirs"]
