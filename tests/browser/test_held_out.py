"""Held-out answers and two rounds in Chromium: keys, the address, changed words, and texts that stay texts."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.desk import HOSTILE, empty, sign_in
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.held_out import NUMBER, make_line

__all__ = ["empty"]
pytestmark = pytest.mark.browser
GRADIO = "**/assets/index-*.js"


def test_prompts_are_walked_by_keys_and_two_answers_stand_beside_each_other(empty: None, chromium: Any) -> None:
    line = make_line(texts=[f"Before {n} {HOSTILE}" for n in range(NUMBER)] + [f"After {HOSTILE}"] * NUMBER)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, line.actor)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    base, _, newest = line.checkpoints
    page.goto(site.page(line.project, f"held-out?old={base.id}&new={newest.id}&show=newly_wrong"))
    expect(page.locator("#held-out-list tbody tr")).to_have_count(5)
    settled(page)  # the list may be the first content's, whose rows know no keys
    page.keyboard.press("j")
    expect(page.locator("#held-out-detail h2")).to_have_text(f"Prompt {line.prompt_ids[0]}")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    settled(page)  # the same prompt is passed on the way, too
    expect(page.locator("#held-out-detail h2")).to_have_text(f"Prompt {line.prompt_ids[1]}")
    expect(page).to_have_url(re.compile(f"prompt={line.prompt_ids[1]}"))
    expect(page.locator("#held-out-list [aria-current=true]")).to_have_count(1)
    expect(page.locator("#held-out-detail [role=deletion]").first).to_contain_text("Before")
    expect(page.locator("#held-out-detail [role=insertion]").first).to_contain_text("After")
    expect(page.locator("#held-out-detail article").first).to_contain_text(HOSTILE.split("\x07")[0][:60])
    page.reload()
    expect(page.locator("#held-out-detail h2")).to_have_text(f"Prompt {line.prompt_ids[1]}")
    expect(page.locator("#held-out-list tbody tr.here")).to_have_count(1)
    page.goto(site.page(line.project, f"compare?old=c{base.id}&new=r{line.rounds[1].id}"))
    expect(page.locator("#compared")).to_contain_text("5 newly wrong, 10 newly right")
    expect(page.get_by_role("region", name="By category")).to_contain_text("kind: odd")
    numbers = page.locator("#compared details[data-fold=numbers]")
    expect(numbers).to_have_attribute("open", "")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator("#compared details[data-fold][open]")).to_have_count(0)
    held: list[Any] = []
    page.route(GRADIO, lambda route: held.append(route))
    page.reload(wait_until="commit")
    expect(page.locator("html.first-stands")).to_be_attached()  # the script has run, so that a click is not too early
    first = page.locator("#rondo-first details[data-fold]")
    expect(first).to_have_count(4)
    assert page.locator("#rondo-first details[open]").count() == 0, "folded from the start"
    page.locator("#rondo-first details[data-fold=numbers] > summary").click()
    while held:
        held.pop().continue_()
    page.unroute(GRADIO)
    settled(page)
    expect(page.locator("#compared details[data-fold][open]")).to_have_count(1)
    expect(numbers).to_have_attribute("open", "")
    page.locator("#compare-baseline").click()
    expect(page.locator("#compared .baseline")).to_have_text("The baseline is base model.")
    expect(page.locator(".toast-body").first).to_be_visible()
    expect(page.locator("#compared details[data-fold]")).to_have_count(4)
    expect(page.locator("#compared details[data-fold][open]")).to_have_count(1)
    page.goto(site.page(line.project))
    expect(page.locator("#loop .round").last).to_contain_text("points to the baseline")
    assert page.evaluate("window.hacked") is None
    assert errors == []
    context.close()
