"""The judge bench in Chromium: judges are added by the form, run, and read; what a judge wrote stays text."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, session, tables
from tests.browser.desk import HOSTILE, empty, sign_in
from tests.browser.settled import fits
from tests.browser.test_accessible import violations_in_both_themes
from tests.integration import site
from tests.integration.benches import Bench, run_bench

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_judges_are_added_run_and_read(empty: None, chromium: Any) -> None:
    bench = Bench()
    bench.checkpoint("hostile", {"replies": [f"{HOSTILE}\nScore: 5"]})
    with session() as db:
        db.get_one(tables.Sample, bench.ids[1]).text = f"bad {HOSTILE}"
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, bench.curator)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(bench.project, "judge-bench"))
    expect(page.locator("#judge-bench .rondo-empty")).to_contain_text("No judge bench yet")
    tried = page.locator("#bench-judges li")
    expect(tried).to_have_count(1)
    expect(tried.first).to_contain_text("additive_rubric, checkpoint-")
    page.locator("#bench-checkpoint input").click()
    page.get_by_role("option", name="hostile").click()
    page.locator("#bench-title textarea, #bench-title input").first.fill("likes all")
    page.locator("#bench-add").click()
    expect(tried).to_have_count(2)
    expect(tried.nth(1)).to_contain_text("likes all")
    page.locator("#bench-open").click()
    expect(page.locator("#judge-bench h2")).to_contain_text("Judge bench")
    with reading() as db:
        bench_id = db.scalars(select(tables.JudgeBench.id)).one()
    expect(page).to_have_url(re.compile(f"[?&]bench={bench_id}\\b"))
    result = page.locator("#judge-bench")
    run_bench(bench_id)
    expect(result.locator("[role=status]")).to_have_text("done")
    expect(result).to_contain_text("neither replies nor rules")
    expect(result.locator(".matrices table", has_text="likes all").locator(".differs").nth(1)).to_have_text("20")
    fold = result.locator("details", has_text="All measures of the judge before")
    fold.locator("summary").click()
    other = result.locator("details", has_text="All measures of likes all")
    other.evaluate("(fold) => (fold.open = true)")  # as find in page opens it
    result.get_by_role("button", name="20 with people").click()
    opened = page.locator("#bench-disagreements")
    expect(opened.locator("section > details")).to_have_count(20)
    expect(fold).to_have_attribute("open", "")
    expect(other).to_have_attribute("open", "")
    opened.locator("section > details summary").first.click()
    expect(opened.locator("section > details").first).to_contain_text("<script>window.hacked=1</script>")
    assert page.evaluate("window.hacked") is None
    assert violations_in_both_themes(page) == []
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
    page.goto(site.page(bench.project, f"samples?round={bench.team.round.id}&verdict=reject&sort=-id"))
    link = page.get_by_role("link", name="Judge what the filter finds again")
    link.hover()
    expect(link).to_have_attribute("href", f"judge-bench?verdict=reject&round={bench.team.round.id}")
    link.click()
    expect(page.locator("#bench-source input")).to_have_value(
        "What the filter of Samples finds in round 1: verdict reject"
    )
    page.goto(site.page(bench.project, "judge-bench"))
    expect(page.locator("#judge-bench h2")).to_contain_text("Judge bench")
    page.get_by_role("button", name="Open a bench").click()
    source = page.locator("#bench-source input")
    expect(source).to_have_value("Labels of people in all rounds: 40 samples, 0 of them gold items")
    expect(page.locator("#bench-add")).to_be_visible()
    assert errors == []
    context.close()
