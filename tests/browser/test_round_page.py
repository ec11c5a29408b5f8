"""In Chromium: a round's page from the overview, its parts, and an arm of the flow that opens its rows."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import session, tables
from backend.services import judge_health
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
    label, legend = (page.locator(f"#round-scores {part}") for part in ("[data-testid=block-label]", ".legend"))
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert bottom(label) < legend.bounding_box()["y"], f"the label lies over the legend at {width} px"
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


def bottom(part: Any) -> float:
    box = part.bounding_box()
    return box["y"] + box["height"]


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
    for reason, count in list(dropped.items())[:6]:  # whole, without the mouse
        expect(labels.filter(has_text=f"{reason}: {count}").first).to_be_visible()
    for width in (1280, 1101):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert labels.count() > 12
        until(lambda: labels.evaluate_all(OVERLAPPING) == [])  # Plotly moves its nodes for a while
    page.set_viewport_size({"width": 400, "height": 900})
    expect(page.locator("#round-flow")).to_be_hidden()
    table = page.locator("#round-flow-table")
    expect(table).to_contain_text("same text as one rejected by a person")
    settled(page)
    ends = table.locator(".drops li > *").evaluate_all("parts => parts.map(part => part.getBoundingClientRect().right)")
    assert len(ends) > 30
    assert max(ends) < 400, "a reason or its number is beyond the edge"
    context.close()


def test_limits_of_the_judge_are_typed_in_percent_where_they_are_shown_so(empty: None, chromium: Any) -> None:
    done = Done()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, done.actor)
    page = context.new_page()
    page.goto(f"{site.page(done.project, 'round')}?round={done.round.id}")
    settled(page)
    page.get_by_role("button", name="Limits of this light").click()
    ties, kappa = (
        page.locator("#judge-limits .rondo-knobs .block", has_text=words).locator("input").last
        for words in ("share of tied pairs, in percent (at least 0%, at most 100%, default 60)", "red below this kappa")
    )
    expect(ties).to_have_value("60")
    expect(kappa).to_have_value("0.2")
    ties.fill("70")
    kappa.fill("0.1")
    page.locator("#judge-limits-save").click()
    expect(page.get_by_text("The limits are saved.")).to_be_visible()
    limits = judge_health.limits_of(done.actor, done.project.id)
    assert (limits.ties_amber, limits.kappa_red) == (0.7, 0.1)
    expect(ties).to_have_value("70")
    ties.fill("170")
    page.locator("#judge-limits-save").click()
    expect(page.locator("#judge-limits-problem")).to_contain_text("ties_amber is wrong: it must be at most 100%")
    context.close()
