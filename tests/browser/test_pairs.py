"""In Chromium: on a phone, what the knobs of the pair builder come to stays in sight while they are moved."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site
from tests.integration.test_pair_builder import judged

__all__ = ["empty"]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [400, 1280])
def test_the_number_of_pairs_is_in_sight_while_sliders_are_moved(width: int, empty: None, chromium: Any) -> None:
    project, round_, _ = judged()
    context = chromium.new_context(viewport={"width": width, "height": 860})
    sign_in(context, rows.make_actor(project))
    page = context.new_page()
    page.goto(f"{site.page(project, 'pairs')}?round={round_.id}")
    fits(page)
    number, margin = page.locator("#pairs-result .rows b"), page.locator("#pairs-margin input[type=range]")
    expect(number).to_have_text("3")
    assert margin.get_attribute("max") == "5", "no slider goes beyond what two scores of the round differ by"
    for knob in ("margin", "penalty", "reviewers", "per-prompt"):
        page.locator(f"#pairs-{knob}").scroll_into_view_if_needed()
        expect(number).to_be_in_viewport(ratio=1)
    page.locator("#pairs-reviewers input[type=range]").press("ArrowRight")
    expect(number).to_have_text("0")
    expect(number).to_be_in_viewport(ratio=1)
    page.locator("#pairs-reviewers input[type=range]").press("ArrowLeft")
    expect(number).to_have_text("3")
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    settled(page)
    last = page.locator("#pairs-result article").last.bounding_box()
    assert last["y"] + last["height"] < page.viewport_size["height"] - 40, "the end is not covered"
    context.close()


def test_the_handle_of_a_slider_is_seen_on_its_card(empty: None, chromium: Any) -> None:
    """At its lower end a slider shows none of what it is filled with: all of this color is the handle's."""
    project, round_, _ = judged()
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, color_scheme="light")
    sign_in(context, rows.make_actor(project))
    page = context.new_page()
    page.goto(f"{site.page(project, 'pairs')}?round={round_.id}")
    settled(page)
    margin = page.locator("#pairs-margin input[type=range]")
    expect(margin).to_have_value("0")
    accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--rondo-accent').trim()")
    box = margin.bounding_box()
    clip = {"x": box["x"] - 4, "y": box["y"] - 8, "width": 40, "height": box["height"] + 16}
    shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    wanted = tuple(bytes.fromhex(accent[1:]))
    near = [all(abs(a - b) < 40 for a, b in zip(pixel, wanted, strict=True)) for pixel in shot.getdata()]
    assert sum(near) > 20, "a ring around it"
    context.close()
