"""In Chromium: a round goes to the trash from its page, is not there any more, and is brought back."""

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


def test_a_round_is_moved_to_the_trash_and_brought_back(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 400, "height": 900})
    sign_in(context, rows.make_actor(done.project, Role.curator))
    page = context.new_page()
    address = site.page(done.project, f"round?round={done.round.id}")
    page.goto(address)
    link = page.locator("#round-opening a", has_text="Move to trash…")
    expect(link).to_be_visible()
    settled(page)
    link.click()
    button = page.get_by_role("button", name="to the trash")
    expect(button).to_be_visible()
    fits(page)
    button.click()
    page.wait_for_url(f"{site.address()}/projects#trash")
    page.goto(address)
    expect(page.locator("#round-opening")).to_contain_text(f"Round {done.round.number} is in the trash since")
    expect(page.locator("#round-opening a")).to_have_attribute("href", "/projects#trash")
    page.goto(site.page(done.project, f"samples?round={done.round.id}"))
    expect(page.locator("#sample-detail a")).to_have_attribute("href", "/projects#trash")
    expect(page.locator("#samples-tagging")).to_be_hidden()
    fits(page)
    page.goto(f"{site.address()}/projects")
    entry = page.locator("li", has_text=f"Round {done.round.number} of {done.project.name}")
    expect(entry).to_contain_text("by ")
    fits(page)
    entry.get_by_role("button", name="Bring back").click()
    expect(page.locator("#round-opening header")).to_contain_text("Round")
    context.close()
