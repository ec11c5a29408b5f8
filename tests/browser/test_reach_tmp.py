from typing import Any

import pytest
from playwright.sync_api import expect

from backend import demo
from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.settled import fits, settled
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_tmp(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    rows.make_checkpoint(project, "Countdown", engine={"name": "transformers", "model": str(demo.MODEL_FOLDER)})
    rows.make_prompt_set(project)
    for width in (1280, 400):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        sign_in(context, curator)
        page = context.new_page()
        page.goto(f"{site.address()}/checkpoints")
        fold = page.locator("#gguf")
        fold.get_by_role("button", name="Write as a GGUF file").click()
        settled(page)
        fold.scroll_into_view_if_needed()
        if width == 1280:
            page.locator("#gguf-go").click()
            expect(page.locator("#gguf-state")).to_contain_text("Countdown-f16.gguf is queued")
            settled(page)
        page.screenshot(path=f"/tmp/reach-c{width}.png")
        print("fits", width, fits(page))
        page.goto(f"{site.address()}/prompts")
        page.get_by_role("tab", name="Import").click()
        page.get_by_role("button", name="Or a dataset of the model hub").click()
        page.locator("#hub-name input, #hub-name textarea").fill("team/sums")
        page.locator("#hub-go").click()
        expect(page.locator("body")).to_contain_text("RONDO_HF_OFFLINE is true")
        settled(page)
        page.screenshot(path=f"/tmp/reach-p{width}.png")
        context.close()
