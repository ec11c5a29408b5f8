"""The page of recipes in Chromium: narrowed, one chosen beside the list and kept in the address, and launched."""

import re
from typing import Any

from playwright.sync_api import expect

from backend import demo, recipes
from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits
from tests.integration import site

__all__ = ["empty"]


def test_a_recipe_is_found_read_and_taken_to_the_form(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, answers=["7"] * 3)
    base = {"name": "transformers", "model": "models/base"}
    rows.make_checkpoint(project, location=str(demo.MODEL_FOLDER), engine=base)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site.address()}/recipes")
    total = len(recipes.names())
    expect(page.locator("#recipes-count p")).to_have_text(f"{total} of {total} recipes")
    page.locator("#recipes-search textarea, #recipes-search input").fill("zelikman bootstrapping")
    page.keyboard.press("Enter")
    expect(page.locator("#recipes-count p")).to_have_text(f"1 of {total} recipes")
    page.locator("#recipes-table [role=gridcell][data-row='0'][data-col='0']").click()
    expect(page.locator("#recipe-card")).to_contain_text("Rationales whose answer is right are kept")
    expect(page).to_have_url(
        re.compile("recipe=star&q=zelikman\\+bootstrapping|q=zelikman\\+bootstrapping.*recipe=star")
    )
    page.set_viewport_size({"width": 400, "height": 860})
    page.reload()
    expect(page.locator("#recipe-card h2")).to_have_text("STaR: Bootstrapping Reasoning With Reasoning")
    fits(page)
    page.locator("#recipe-launch a").click()
    expect(page.locator("#recipe input")).to_have_value("STaR: Bootstrapping Reasoning With Reasoning")
    assert errors == []
    context.close()
