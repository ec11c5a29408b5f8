"""In Chromium: from a light on the overview to the rows it speaks of, and a limit that a curator sets."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.services.warnings import limits
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site
from tests.integration.test_warnings import Warned

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_light_leads_from_the_overview_to_its_rows(empty: None, chromium: Any) -> None:
    here = Warned()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, here.actor)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(here.project, ""))
    light = page.locator("#loop .lights a", has_text="red: Labels are noisy")
    expect(light).to_be_visible()
    pictured(page, "overview")
    light.click()
    expect(page.locator("#warnings-lights tbody tr")).to_have_count(4)
    expect(page.locator("#warning-detail")).to_contain_text("Labels are noisy")
    expect(page.locator("#warning-detail tbody tr")).to_have_count(3)
    pictured(page, "warnings")
    page.locator("#warning-detail tbody a").first.click()
    page.wait_for_url(f"**/samples?round={here.round.id}&sample={here.samples[3].id}**")
    page.goto(site.page(here.project, f"round?round={here.round.id}"))
    expect(page.locator("#round-opening .warnings li")).to_have_count(2)
    pictured(page, "round")
    page.goto(site.page(here.project, "warnings"))
    page.get_by_role("button", name="Limits of this project").click()
    expect(page.locator("#warning-limit input")).to_have_value("2")
    pictured(page, "limits")
    page.locator("#warning-limit input").fill("10")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("The limits are saved.")).to_be_visible()
    known = {rule_view.name: rule_view for rule_view in limits.listed(here.actor, here.project.id)}
    assert known["nothing_to_gain"].knobs["limit"] == 0.1
    assert errors == []
    context.close()


def pictured(page: Any, name: str) -> None:
    """No page is wider than a phone; pictures of it, where a folder is named for them."""
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        for theme in ("light", "dark"):
            if folder := os.environ.get("RONDO_PICTURES"):
                page.emulate_media(color_scheme=theme)
                settled(page)
                page.screenshot(path=str(Path(folder) / f"{name}-{width}-{theme}.png"))
    page.set_viewport_size({"width": 1280, "height": 900})
