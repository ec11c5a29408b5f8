"""The whole loop clicked through once, on the real demo: launch, review, train, measure, the next, cancel, Ctrl-C."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, sign_in, start_server
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TRAINED = 400.0
"""Seconds until a stage of the small round is given up."""


def status(page, number: int) -> str:
    """The badge of a round's card on the overview."""
    card = page.locator("#loop .round", has_text=f"Round {number}").first
    return (card.locator(".rondo-badge").first.text_content() or "").strip() if card.count() else ""


def test_the_loop_is_clicked_through_and_known_after_the_next_start(chromium, page, server: Server) -> None:
    root = server.address
    # A small and gentle round: the test takes a minute, and the new checkpoint is not worse than the base. Were it, the
    # overview would rightly advise to start from the base again.
    page.goto(f"{root}/new-round")
    number = page.locator("#num-prompts input")
    number.wait_for()
    number.fill("60")
    page.get_by_text("Trainer: how it is trained").click()
    rate = page.get_by_label("learning_rate")
    rate.fill("0.00001")
    rate.press("Tab")
    steps = page.get_by_label("max_steps")
    steps.fill("12")
    steps.press("Tab")
    page.wait_for_function("document.querySelector('#estimate').textContent.includes('480')")
    page.locator("#launch").click()
    page.wait_for_url(f"{root}/")

    until(lambda: status(page, 1) == "waits for review", "judging", patience=TRAINED)
    expect(page.locator("#loop .round", has_text="Round 1")).to_contain_text("480")

    # The review: keys, an undo, then the close button; a reload in the middle loses nothing.
    page.goto(f"{root}/review")
    page.wait_for_selector("#review-desk .answer .text")
    for key in "axxau":
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('#review-desk .unsaved').textContent === 'All saved'")
    page.reload()
    page.wait_for_selector("#review-desk .answer .text")
    expect(page.locator("#review-desk .tally")).to_contain_text("of 3")
    page.get_by_role("button", name="Close review…").click()
    expect(page.locator("dialog[open]")).to_contain_text("3 of 480 samples were decided")
    page.get_by_role("button", name="Close the review").click()
    page.wait_for_selector("text=The review is closed")

    # Training in the background; the page is reloaded and tells the same truth.
    page.goto(f"{root}/jobs")
    page.wait_for_selector("#jobs-table")
    until(lambda: "train" in (page.locator("#jobs-table").text_content() or ""), "the training job", patience=TRAINED)
    page.reload()
    page.goto(f"{root}/")
    until(lambda: status(page, 1) == "done", "training and measuring", patience=TRAINED)
    card = page.locator("#loop .round", has_text="Round 1").text_content() or ""
    assert re.search(r"\d+(\.\d)?\s?%", card), card

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
    until(lambda: status(page, 2) != "", "round 2")
    page.goto(f"{root}/jobs")
    cancel = page.locator("#job-cancel:not([disabled])")
    cancel.wait_for()
    cancel.click()
    page.goto(f"{root}/")
    until(lambda: status(page, 2) == "cancelled", "cancelling", patience=TRAINED)

    # Ctrl-C ends everything, and the next start knows the rounds.
    assert server.stop() == 0
    again = start_server(server.data_dir, "demo")
    try:
        context = chromium.new_context()
        made = context.new_page()
        sign_in(made, again)
        expect(made.locator("#loop .round", has_text="Round 1").first).to_contain_text("done")
        expect(made.locator("#loop .round", has_text="Round 2").first).to_contain_text("cancelled")
        context.close()
    finally:
        assert again.stop() == 0
