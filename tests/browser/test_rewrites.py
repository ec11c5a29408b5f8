"""A judge's template rewritten in Chromium: asked for, followed, read, and put into the next round's form."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from tests.browser.desk import empty, sign_in
from tests.browser.form import opened
from tests.browser.settled import fits
from tests.browser.test_accessible import violations_in_both_themes
from tests.integration import site
from tests.integration.test_rewrites import STRICT, Labelled, run_job

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_template_is_rewritten_read_and_taken_into_the_next_round(empty: None, chromium: Any) -> None:
    world = Labelled()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, world.actor)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(world.project, f"rewrites?round={world.round.id}"))
    card, start = page.locator("#rewrite-card"), page.locator("#rewrite-start")
    expect(card).to_contain_text("Choose a round above")
    expect(page.locator("#rewrite-offer")).to_contain_text("asked at most")
    number = page.locator("#rewrite-number input")
    number.fill("4")
    page.locator("#rewrite-reflector input").click()
    page.get_by_role("option", name="judge", exact=True).click()
    expect(start).to_be_enabled()
    start.click()
    expect(card.locator("[role=status]")).to_have_text("queued")
    with reading() as db:
        rewrite_id = db.scalars(select(tables.TemplateRewrite.id)).one()
    expect(page).to_have_url(re.compile(f"[?&]rewrite={rewrite_id}\\b"))
    assert run_job(rewrite_id).error is None
    expect(card.locator("[role=status]")).to_have_text("done")
    sides = card.locator("table tbody tr")
    expect(sides).to_have_count(2)
    expect(sides.nth(1)).to_contain_text("50.0%")
    expect(sides.nth(1)).to_contain_text("100.0%")
    expect(card.locator("ins").first).to_be_visible()
    fold = card.locator("article details").first
    fold.locator("summary").click()
    expect(fold).to_contain_text("Score: 1")
    # Whose markup is Gradio's; it goes by itself after ten seconds.
    page.locator(".toast-close").evaluate_all("all => all.forEach((one) => one.click())")
    expect(page.locator(".toast-body")).to_have_count(0)
    assert violations_in_both_themes(page) == []
    page.set_viewport_size({"width": 400, "height": 800})
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    card.get_by_role("link", name="Use this template in the next round").click()
    judge = opened(page, "#slot-judge")
    expect(judge.locator(".rondo-template textarea")).to_have_value(STRICT)
    assert errors == []
    context.close()
