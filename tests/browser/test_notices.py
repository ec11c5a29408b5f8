"""In Chromium: the bell counts, notices are read where they stand, and the browser shows one that has just come."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import session, tables
from backend.services import notices
from backend.services.access import Actor
from backend.values import NoticeKind, Role
from tests import rows
from tests.browser.desk import HOSTILE, empty, sign_in
from tests.browser.settled import fits, settled
from tests.browser.test_warnings import pictured
from tests.integration import site
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser

RECORD = """
window.recorded = [];
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.recorded.push([title, options.body]); }
};
"""


def add_notice(actor: Actor, project: tables.Project, text: str, path: str = "jobs") -> int:
    with session() as db:
        common = {"kind": NoticeKind.round_done, "key": text, "path": path, "in_page": True, "in_browser": True}
        row = tables.Notice(user_id=actor.user_id, project_id=project.id, text=text, **common)
        db.add(row)
    return row.id


def test_notices_are_counted_shown_and_read_and_an_owner_adds_a_webhook(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator, is_owner=True)
    add_notice(actor, project, HOSTILE)
    add_notice(actor, project, "Round 1 is done.")
    context = chromium.new_context(viewport={"width": 400, "height": 800})
    sign_in(context, actor)
    context.grant_permissions(["notifications"], origin=site.address())
    page = context.new_page()
    page.add_init_script(RECORD)
    page.goto(site.page(project, "notices"))
    bell, listed = page.locator(".rondo-bell"), page.locator("#notices-list li")
    expect(bell).to_have_attribute("data-unread", "2")
    expect(listed).to_have_count(2)
    settled(page)
    fits(page)
    pictured(page, "notices")
    listed.nth(1).get_by_role("button").click()
    expect(bell).to_have_attribute("data-unread", "1")
    expect(listed.nth(1).get_by_role("button")).to_have_count(0)
    page.wait_for_function("localStorage.getItem('rondo.notice') !== null")
    assert page.evaluate("window.recorded") == []
    add_notice(actor, project, "Round 2 is done.")
    page.evaluate("window.dispatchEvent(new Event('rondo-notices'))")
    page.wait_for_function("window.recorded.length === 1")
    assert page.evaluate("window.recorded") == [[project.name, "Round 2 is done."]]
    expect(bell).to_have_attribute("data-unread", "2")
    assert page.evaluate("window.hacked") is None
    listed.filter(has_text="Round 2 is done.").get_by_role("link").click()
    page.wait_for_url("**/jobs")
    until(lambda: notices.count_unread(actor) == 1, "reading what was opened")
    page.goto(site.page(project, "notices"))
    settled(page)
    page.get_by_role("tab", name="Webhooks").click()
    page.locator("#webhook-url textarea, #webhook-url input").fill("http://127.0.0.1:1/x")
    page.locator("#webhook-add").click()
    expect(page.locator("#webhook-problem")).to_contain_text("RONDO_PRIVATE_WEBHOOKS")
    page.locator("#webhook-url textarea, #webhook-url input").fill("https://example.org/rondo")
    page.locator("#webhook-add").click()
    expect(page.locator("#webhook-secret textarea, #webhook-secret input")).to_have_value(re.compile("rondo_hook_.+"))
    listed = page.locator("#webhooks-list")
    listed.get_by_role("button", name="Send a test").click()
    expect(listed.locator("ol")).to_contain_text("sends a test.")
    pictured(page, "webhooks")
    listed.get_by_role("button", name="Pause").click()
    expect(listed).to_contain_text(f"Paused by {actor.name}.")
    context.close()
