"""In Chromium: a table with more columns than fit has a shadow at the edge behind which there are more."""

from typing import Any

import pytest

from tests.browser.desk import empty, sign_in
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.test_round_report import Done

__all__ = ["empty"]
pytestmark = pytest.mark.browser

# Of each box with rows that are wider than it: what it is called, whether it can be scrolled, whether it has the shadows,
# and what lies over them at its right edge.
BOXES = """() => [...document.querySelectorAll("main *")].filter((box) =>
  box.scrollWidth > box.clientWidth + 1 && /auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX) &&
  box.checkVisibility() && box.querySelector("tbody tr td, [role=gridcell]")).map((box) => {
    const row = [...box.querySelectorAll("tbody tr, .virtual-row")].find((one) => one.getBoundingClientRect().height);
    row.scrollIntoView({ block: "center" });
    const { right } = box.getBoundingClientRect(), { top, height } = row.getBoundingClientRect();
    const there = document.elementsFromPoint(right - 6, top + height / 2);
    const over = there.slice(0, there.indexOf(box)).filter((one) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(one);
      return backgroundImage !== "none" || !/^(rgba\\(.*, 0\\)|transparent)$/.test(backgroundColor);
    });
    return {
      name: box.closest("[id]").id,
      overflow: getComputedStyle(box).overflowX,
      shadows: getComputedStyle(box).backgroundAttachment,
      over: over.map((one) => one.outerHTML.slice(0, 100)),
    };
  })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_more_columns_than_fit_has_a_shadow_at_its_edge(empty: None, chromium: Any, scheme: str) -> None:
    done = Done()
    done.measure(done.checkpoint, "held_out_accuracy", 0.5)
    context = chromium.new_context(viewport={"width": 400, "height": 900}, color_scheme=scheme)
    sign_in(context, done.actor)
    page = context.new_page()
    scrolled: set[str] = set()
    for path, drawn in (
        ("samples", "#samples-table [role=gridcell]"),
        ("datasets", "#datasets-table [role=gridcell]"),
        ("prompts", "#prompt-sets [role=gridcell]"),
        ("recipes", "#recipes-table [role=gridcell]"),
        ("round", "#round-work h3"),
        ("checkpoints", "#lineage td"),
    ):
        page.goto(site.page(done.project, path))
        page.locator(drawn).first.wait_for()
        settled(page)
        for box in page.evaluate(BOXES):
            assert box["overflow"] in ("auto", "scroll"), f"it is cut off: {box}"
            assert box["shadows"].startswith("local, local, scroll, scroll"), box
            assert box["over"] == [], box
            scrolled.add(path)
    assert {"samples", "datasets", "prompts", "recipes"} <= scrolled
    page.goto(site.page(done.project, "samples"))
    cell = page.locator("#samples-table [role=gridcell][data-row='0'][data-col='0']")
    cell.wait_for()
    settled(page)
    place = cell.bounding_box()
    assert place is not None
    cell.hover()
    page.mouse.wheel(300, 0)
    page.wait_for_function(
        "(x) => document.querySelector('[role=gridcell]').getBoundingClientRect().x < x - 100", arg=place["x"]
    )
    context.close()
