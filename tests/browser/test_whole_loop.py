"""The whole loop clicked through once, on the real demo: launch, review, train, measure, the next, cancel, Ctrl-C."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, sign_in, start_server
from tests.browser.desk import SHOWN
from tests.browser.form import estimated, opened
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TRAINED = 400_000.0
"""Milliseconds until a stage of the small round is given up."""


def reaches(page, number: int, status: str) -> None:
    """Waits until the badge of the round's card on the overview says so."""
    card = page.locator("#loop .round", has_text=f"Round {number}").first
    expect(card.locator(".rondo-badge").first).to_have_text(status, timeout=TRAINED)


def is_cancelled(page, root: str) -> bool:
    """Whether the second round is; where not, cancel the job that is shown: it may be over, and the next one begin."""
    press = "(one) => { if (!one.disabled && !one.closest('[inert]')) one.click(); }"
    if page.request.get(f"{root}/api/v1/rounds/2").json()["status"] == "cancelled":
        return True
    page.locator("#job-cancel").evaluate(press)
    page.wait_for_timeout(500)
    return False


def test_the_loop_is_clicked_through_and_known_after_the_next_start(chromium, page, server: Server) -> None:
    root = server.address
    # A small and gentle round: the test takes a minute, and the new checkpoint is not worse than the base. Were it, the
    # overview would rightly advise to start from the base again.
    page.goto(f"{root}/new-round")
    estimated(page)
    page.locator("#num-prompts input").fill("60")
    trainer = opened(page, "#slot-trainer")
    rate = trainer.get_by_label("Learning rate (learning_rate)")
    rate.fill("0.00001")
    rate.press("Tab")
    steps = trainer.get_by_label("Max steps (max_steps)")
    steps.fill("12")
    steps.press("Tab")
    page.wait_for_function("document.querySelector('#estimate').textContent.includes('480')")
    page.locator("#launch").click()
    page.wait_for_url(lambda url: "new-round" not in url)

    reaches(page, 1, "waits for review")
    expect(page.locator("#loop .round", has_text="Round 1")).to_contain_text("480")

    # The review: keys, an undo, then the close button; a reload in the middle loses nothing.
    page.goto(f"{root}/review")
    page.wait_for_selector(SHOWN)
    for key in "axxau":
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('#review-desk .unsaved').textContent === 'All saved'")
    page.reload()
    page.wait_for_selector(SHOWN)
    expect(page.locator("#review-desk .tally")).to_contain_text("of 3")
    page.get_by_role("button", name="Close review…").click()
    expect(page.locator("dialog[open]")).to_contain_text("3 of 480 samples are decided")
    page.get_by_role("button", name="Close the review").click()
    page.wait_for_selector("text=The review is closed")

    # Training in the background; the page is reloaded and tells the same truth.
    page.goto(f"{root}/jobs")
    expect(page.locator("#jobs-table")).to_contain_text("train", timeout=TRAINED)
    page.reload()
    page.goto(f"{root}/")
    reaches(page, 1, "done")
    expect(page.locator("#loop .round", has_text="Round 1")).to_contain_text(re.compile(r"\d+(\.\d)?\s?%"))

    # What it made: a checkpoint with its data and people, a dataset with its funnel.
    page.goto(f"{root}/checkpoints")
    page.wait_for_selector("#lineage >> text=round-1")
    page.goto(f"{root}/datasets")
    page.wait_for_selector("#dataset >> text=/[0-9a-f]{8}/")
    page.goto(f"{root}/samples")
    page.wait_for_selector("text=/of 480|480/")

    # The next round is one click; cancelling it takes the process away and says so.
    page.goto(f"{root}/")
    page.wait_for_selector("#launch-next")
    page.locator("#launch-next").click()
    expect(page.locator("#loop .round", has_text="Round 2").first).to_be_visible()
    page.goto(f"{root}/jobs")
    until(lambda: is_cancelled(page, root), "cancelling")
    page.goto(f"{root}/")
    reaches(page, 2, "cancelled")

    # Ctrl-C ends everything, and the next start knows the rounds.
    assert server.stop() == 0
    again = start_server(server.data_dir, "demo")
    try:
        context = chromium.new_context()
        result = context.new_page()
        sign_in(result, again)
        expect(result.locator("#loop .round", has_text="Round 1").first).to_contain_text("done")
        expect(result.locator("#loop .round", has_text="Round 2").first).to_contain_text("cancelled")
        context.close()
    finally:
        assert again.stop() == 0
