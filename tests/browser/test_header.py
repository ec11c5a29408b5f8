"""In Chromium: the links of the header keep their places on every page, are whole, and the page shown is marked."""

from typing import Any

import pytest

from app.pages import PAGES
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.test_round_report import Done

__all__ = ["empty"]
pytestmark = pytest.mark.browser

# Where each link and menu of the header begins, how much of the bar is hidden, and what is marked as shown.
BAR = """() => {
  const bar = document.querySelector(".rondo-nav");
  const left = (box) => Math.round(box.getBoundingClientRect().left);
  return {
    places: [...document.querySelectorAll(".rondo-nav a, .rondo-more, .rondo-bell, .rondo-person")].map(left),
    hidden: bar.scrollWidth - bar.clientWidth,
    marked: [...document.querySelectorAll(".rondo-nav [aria-current], .rondo-menu summary.here")].map(
      (mark) => mark.textContent.trim()),
    inMenu: [...document.querySelectorAll(".rondo-more [aria-current], .rondo-person [aria-current]")].map(
      (mark) => mark.textContent.trim()),
  };
}"""


@pytest.mark.parametrize(("width", "locale"), [(1440, "en"), (1280, "en"), (1280, "de"), (1024, "en"), (400, "de")])
def test_links_keep_their_places_on_every_page(empty: None, chromium: Any, width: int, locale: str) -> None:
    owner = rows.make_actor(name="Ada Lovelace of the evaluation team", is_owner=True)
    project = rows.make_project("A project with a long name of its own")
    # The server draws the header; what Gradio's scripts would do below it takes long.
    context = chromium.new_context(viewport={"width": width, "height": 700}, locale=locale, java_script_enabled=False)
    sign_in(context, owner)
    page = context.new_page()
    bars = {}
    for shown in PAGES:
        page.goto(site.page(project, shown.PATH))
        bar = page.evaluate(BAR)
        assert len(bar["marked"]) == 1, (shown.PATH, bar)
        if shown.MENU:
            assert len(bar["inMenu"]) == 1, (shown.PATH, bar)
        if shown.MENU == "more":
            assert bar["marked"][0].endswith(bar["inMenu"][0])
        if width > 1000:
            assert bar["hidden"] == 0, (shown.PATH, bar)
        bars[shown.PATH] = bar["places"]
        if width < 1000:  # the bar is scrolled to the page shown
            bars[shown.PATH] = bar["places"][-3:]
    for place in zip(*bars.values(), strict=True):
        assert max(place) - min(place) <= 4, bars  # the page shown is bold, and so a little wider
    context.close()


def test_the_metrics_of_a_round_can_be_read_on_a_phone(empty: None, chromium: Any) -> None:
    done = Done()
    done.measure(done.checkpoint, "held_out_accuracy", 0.5)
    context = chromium.new_context(viewport={"width": 400, "height": 900})
    sign_in(context, done.actor)
    page = context.new_page()
    page.goto(site.page(done.project, "round"))
    table = page.locator("#round-opening .metrics")
    table.wait_for()
    settled(page)
    value = table.locator("tbody tr td.number").first
    assert value.inner_text().startswith("0.5\n")
    box, frame = value.bounding_box(), table.locator("..").bounding_box()
    assert box is not None
    assert frame is not None
    assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert table.evaluate("(e) => e.offsetWidth <= e.parentElement.clientWidth")
    context.close()
