"""In Chromium: a round's page from the overview, its parts, and an arm of the flow that opens its rows."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site
from tests.integration.test_round_report import Done

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_round_is_read_from_the_overview_to_the_rows_of_an_arm(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, done.actor)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(done.project, ""))
    page.locator("#loop .round h2 a").click()
    expect(page.locator("#round-opening h2")).to_have_text("Round 1")
    expect(page).to_have_url(re.compile(f"/round\\?round={done.round.id}$"))
    expect(page.locator("#round-opening summary", has_text="generator: sample")).to_contain_text("Temperature 0.9")
    expect(page.locator("#round-flow-table caption")).to_have_text("Step 4: 8 rows of the type preference")
    expect(page.locator("#round-judge section").first).to_be_visible()
    settled(page)  # what came above moves what is below
    page.locator("#round-spread-head").scroll_into_view_if_needed()
    expect(page.locator("#round-scores .js-plotly-plot")).to_be_visible()
    expect(page.locator("#round-work")).to_contain_text("Nobody decided anything")
    page.set_viewport_size({"width": 400, "height": 900})
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    arm = page.locator("#round-flow .sankey-link").nth(1)
    expect(arm).to_be_visible()
    arm.dispatch_event("click")
    page.wait_for_url(f"**/samples?round={done.round.id}&only=is_unparsed")
    expect(page.locator("#samples-count")).to_contain_text("2 samples")
    page.set_viewport_size({"width": 1280, "height": 300})
    page.goto(f"{site.page(done.project, 'round')}?round={done.round.id}")
    expect(page.locator("#round-work")).to_contain_text("Nobody decided anything")
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator("#round-scores .js-plotly-plot")).to_be_attached()  # above the window: it has been passed by
    assert errors == []
    context.close()
