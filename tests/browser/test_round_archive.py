"""In Chromium: a round goes into its archive and comes back, on its own page."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site
from tests.integration.test_round_report import Done

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_round_is_archived_and_restored_on_its_page(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 400, "height": 900})
    sign_in(context, rows.make_actor(done.project, Role.admin))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(done.project, f"round?round={done.round.id}"))
    section, head = page.locator("#round-archive"), page.locator("#round-opening header")
    expect(section).to_be_visible()
    settled(page)
    section.locator("button").first.click()
    expect(page.locator("#round-archive-words")).to_contain_text("they are in no list", ignore_case=True)
    expect(page.locator("#restore-round")).to_be_hidden()
    settled(page)
    page.locator("#archive-round").click()
    expect(head).to_contain_text("archived")
    expect(page.locator("#round-archive-words")).to_contain_text("20 samples")
    expect(page.locator("#archive-round")).to_be_hidden()
    settled(page)
    fits(page)
    page.locator("#restore-round").click()
    expect(head).not_to_contain_text("archived")
    expect(page.locator("#archive-round")).to_be_visible()
    assert errors == []
    context.close()
