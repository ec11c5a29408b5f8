"""In Chromium: a round's page from the overview, its parts, and an arm of the flow that opens its rows."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import session, tables
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site
from tests.integration.test_round_report import FUNNEL, Done
from tests.waiting import until

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
    settled(page)  # it was drawn for the width before
    arm.dispatch_event("click")
    page.wait_for_url(f"**/samples?round={done.round.id}&only=is_unparsed")
    expect(page.locator("#samples-count")).to_contain_text("2 samples")
    page.set_viewport_size({"width": 1280, "height": 300})
    page.goto(f"{site.page(done.project, 'round')}?round={done.round.id}")
    expect(page.locator("#round-work")).to_contain_text("Nobody decided anything")
    settled(page)  # what comes later would lie below the end that is scrolled to
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator("#round-scores .js-plotly-plot")).to_be_attached()  # above the window: it has been passed by
    assert errors == []
    context.close()


OVERLAPPING = """labels => {
  const boxes = labels.filter(label => label.textContent).map(label => [label.textContent, label.getBoundingClientRect()]);
  const overlaps = ([, a], [, b]) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
  return boxes.flatMap((box, i) => boxes.slice(i + 1).filter(other => overlaps(box, other)).map(other => [box[0], other[0]]));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_label_of_the_flow_is_printed_over_another(scheme: Any, empty: None, chromium: Any) -> None:
    """Many small arms beside the last stage, with long names, and rows that join."""
    reasons = [
        "same text as one rejected by a person",
        "over max_per_prompt",
        "rejected by a person",
        "chosen text over max_chosen_chars",
        "duplicate text",
        "below threshold",
        "truncated",
        "no score",
    ]
    dropped = {reason: 12 - n for n, reason in enumerate(reasons)}
    selected = {"stage": "selected", "count": 3, "dropped": dropped, "unit": "samples"}
    rows = {"stage": "training rows", "count": 9, "dropped": {"duplicate row": 1}, "earlier rounds": 2, "seed rows": 5}
    done = Done()
    with session() as db:
        db.get_one(tables.Dataset, done.dataset.id).funnel = [*FUNNEL[:4], selected, rows]
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    sign_in(context, done.actor)
    page = context.new_page()
    page.goto(f"{site.page(done.project, 'round')}?round={done.round.id}")
    settled(page)
    page.locator("#round-spread-head").scroll_into_view_if_needed()
    labels = page.locator("#round-flow .node-label")
    expect(labels.filter(has_text="training rows: 9")).to_be_visible()
    for width in (1280, 1101):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert labels.count() > 12
        until(lambda: labels.evaluate_all(OVERLAPPING) == [])  # Plotly moves its nodes for a while
    page.set_viewport_size({"width": 400, "height": 900})
    expect(page.locator("#round-flow")).to_be_hidden()
    expect(page.locator("#round-flow-table")).to_contain_text("same text as one rejected by a person")
    context.close()
