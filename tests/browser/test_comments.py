"""In Chromium: a thread at the desk and beside the list of samples, written by keys, with a mention."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.services.access import Actor
from backend.services.samples import comments
from backend.values import Role
from tests import rows
from tests.browser.desk import HOSTILE, Review, empty
from tests.browser.settled import settled
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def texts(actor: Actor, sample_id: int) -> list[str]:
    return [entry.text for entry in comments.read(actor, sample_id).entries]


def test_a_thread_is_written_at_the_desk_and_read_beside_the_list(empty: None, chromium: Any) -> None:
    desk = Review(chromium, role=Role.reviewer)
    page, sample_id = desk.page, desk.ids[0]
    curator = rows.make_actor(desk.project, Role.curator, name="cleo lee")
    comments.write(curator, sample_id, HOSTILE)
    thread = page.locator("details.comments rondo-comments")
    page.locator("details.comments summary").click()
    expect(thread).to_contain_text("Colleagues' comments are shown after your decision.")
    box = thread.get_by_label("Your comment")
    box.click()
    page.keyboard.type("@cl")
    expect(thread.get_by_role("button", name="@cleo lee")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("a or r?")  # letters that would decide
    expect(box).to_have_value("@cleo lee a or r?")
    page.keyboard.press("Control+Enter")
    expect(thread.locator("li")).to_have_count(1)
    expect(box).to_have_value("")
    assert texts(curator, sample_id) == [HOSTILE, "@cleo lee a or r?"]
    assert desk.decisions() == []
    thread.get_by_role("button", name="Edit").click()
    thread.get_by_label("Edit your comment").fill("@cleo lee accept?")
    thread.get_by_role("button", name="Save").click()
    expect(thread.locator("li .words")).to_have_text("@cleo lee accept?")
    page.goto(site.page(desk.project, f"samples?round={desk.round.id}&sample={sample_id}"))
    settled(page)
    beside = page.locator("#sample-detail rondo-comments li")
    expect(beside).to_have_count(1)
    beside.get_by_role("button", name="Delete").click()
    expect(beside).to_have_count(0)
    assert texts(curator, sample_id) == [HOSTILE]
    assert page.evaluate("window.hacked") is None
    assert desk.errors == []
