"""A page on which nothing happens leaves the processor alone."""

import time
from typing import Any

import pytest

from backend.values import Role
from tests import rows
from tests.browser.desk import empty as empty  # a fixture
from tests.browser.desk import sign_in
from tests.browser.form import opened
from tests.browser.settled import PATIENCE, settled
from tests.integration import site

pytestmark = pytest.mark.browser

COUNTED = """
window.frames_asked = 0;
const plain = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => plain((now) => { window.frames_asked += 1; callback(now); });
"""
READ = "window.frames_asked"
EVER = 20
"""Frames in two seconds, of which a clock asks for some hundred, or on a busy machine some dozen."""


def test_a_form_that_was_redrawn_asks_for_no_frames(empty: None, chromium: Any) -> None:
    """Gradio's clock of what waits for an answer ran on with every frame once its part of the page was gone."""
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=["one", "two"])
    rows.make_checkpoint(project)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    page.add_init_script(COUNTED)
    page.goto(site.page(project, "new-round"))
    judge = opened(page, "#slot-judge").get_by_label("Judge", exact=True)
    for name in ("majority_vote", "exact_match"):
        judge.click()
        with page.expect_response(lambda response: "queue/join" in response.url):
            page.locator("[role=option]").filter(has_text=name).first.click()
        settled(page)
    # A clock that runs on asks in every two seconds; what is still drawn after a choice does so for a while.
    asked, until = EVER, time.monotonic() + PATIENCE
    while asked >= EVER and time.monotonic() < until:
        before = page.evaluate(READ)
        page.wait_for_timeout(2000)
        asked = page.evaluate(READ) - before
    assert asked < EVER
    context.close()
