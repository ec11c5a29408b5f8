"""Lists of choices in Chromium: cleared, a page hears of it; closed by Escape, a click opens them again."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_filter_that_is_cleared_lets_everything_through_and_a_closed_list_opens_again(
    empty: None, chromium: Any
) -> None:
    project = rows.make_project()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    page.goto(site.page(project, "recipes"))
    count = page.locator("#recipes-count")
    expect(count).to_contain_text("recipes")
    whole = count.inner_text()
    training = page.locator("#recipes-training")
    field = training.locator("input")
    options = page.get_by_role("option")
    field.click()
    options.first.click()
    expect(count).not_to_have_text(whole)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    field.click()
    expect(options.first).to_be_visible()
    page.keyboard.press("Escape")
    training.locator(".remove-all").click()
    expect(count).to_have_text(whole)
    field.click()
    options.first.click()
    expect(count).not_to_have_text(whole)
    page.keyboard.press("Backspace")
    expect(count).to_have_text(whole)
    context.close()
