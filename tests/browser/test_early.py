"""What a page asks for before Gradio's scripts have started, in Chromium."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from backend.values import Role
from tests.browser.desk import empty
from tests.browser.test_team import Team
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser
LOADED = {"": 1, "round": 4, "samples": 2, "jobs": 2}
"""How many events run when a page is loaded; the first, of what the page is about, names it."""
SHOWN = {
    "": "#loop .round",
    "round": "#round-opening h2",
    "samples": "#samples-table [role=gridcell]",
    "jobs": "#jobs-table",
}


@pytest.fixture
def team(empty: None, chromium: object) -> Iterator[Team]:
    made = Team(chromium, role=Role.curator)
    yield made
    assert made.errors == []
    made.context.close()


def watch(page: Any) -> list[int]:
    """The events that the page asks for, as it goes on."""
    asked: list[int] = []

    def note(request: Request) -> None:
        if "/queue/join" in request.url:
            asked.append(json.loads(request.post_data or "{}")["fn_index"])

    page.on("request", note)
    return asked


@pytest.mark.parametrize("path", LOADED)
def test_a_page_asks_for_its_content_before_gradio_starts_and_once(team: Team, path: str) -> None:
    page, is_held = team.page, True
    held: list[Any] = []
    asked = watch(page)
    # Twice: the link that names it beforehand, and the page's own.
    page.route("**/assets/index-*.js", lambda route: held.append(route) if is_held else route.continue_())
    page.goto(site.page(team.project, path), wait_until="commit")
    expect(page.locator(".rondo-header")).to_be_visible()
    for _ in range(100):
        if len(asked) == LOADED[path]:
            break
        page.wait_for_timeout(50)
    assert len(asked) == LOADED[path], "all of them, though Gradio's first script has not come"
    early = list(asked)
    is_held = False
    for route in held:
        route.continue_()
    expect(page.locator(SHOWN[path]).first).to_be_visible()
    page.wait_for_timeout(500)
    assert all(asked.count(event) == 1 for event in early), "Gradio was given what had been asked"


def test_where_the_early_question_fails_gradio_asks(team: Team) -> None:
    page, refused = team.page, []

    def refuse(route: Any) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.fulfill(status=503, json={"detail": "busy"}))

    page.route("**/queue/join*", refuse)
    page.goto(site.page(team.project, ""), wait_until="commit")
    expect(page.locator("#loop .round").first).to_be_visible()
    assert refused


def test_where_the_answers_break_off_gradio_asks(team: Team) -> None:
    page, cut = team.page, []

    def refuse(route: Any) -> None:
        if cut:
            route.continue_()
        else:
            cut.append(route.abort())

    page.route("**/queue/data*", refuse)
    page.goto(site.page(team.project, ""), wait_until="commit")
    expect(page.locator("#loop .round").first).to_be_visible()
    assert cut
    team.errors.clear()  # the browser says that the answers did not arrive
