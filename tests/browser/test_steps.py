"""A round of steps in Chromium: its samples by step, and what was said of a text, on their page and on the desk."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.desk import empty, sign_in
from tests.integration import site
from tests.integration.stepped import JUDGMENTS, Stepped

__all__ = ["empty"]


def test_texts_are_followed_from_step_to_step(empty: None, chromium: Any) -> None:
    result = Stepped(is_blind=False)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, result.curator)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site.address()}/samples?round={result.round.id}")
    expect(page.locator("#samples-count")).to_have_text("12 samples")
    page.locator("#samples-step input").click()
    page.get_by_role("option", name="4. judgments").click()
    expect(page.locator("#samples-count")).to_have_text("8 samples")
    expect(page).to_have_url(re.compile(f"step={JUDGMENTS}"))
    page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']").click()
    expect(page.locator("#sample-detail")).to_contain_text("role policy")
    page.locator("#sample-detail .other a", has_text=f"sample {result.answers[0]}").click()
    expect(page.locator("#sample-detail .question")).to_contain_text("Score: 5")
    page.goto(f"{site.address()}/review?round={result.round.id}")
    page.locator("#review-desk details.chain > summary").click()
    expect(page.locator("#review-desk .chain .about")).to_contain_text("You are grading an answer")
    expect(page.locator("#review-desk .chain .about a").first).to_have_text(re.compile(r"^sample \d+$"))
    assert errors == []
    context.close()
