"""The chat in Chromium: words come while the model writes, Escape stops it, and leaving the page lets the models go."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from backend.config import reread
from backend.services.checkpoints import chat_process
from backend.values import Role
from tests import chatting, rows
from tests.browser.desk import HOSTILE, empty, sign_in
from tests.browser.settled import fits
from tests.integration import site
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser
SLOW = {"name": "scripted", "replies": [f"{HOSTILE} " + "word " * 500], "delay_seconds": 300.0}


@pytest.fixture(autouse=True)
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However slow the machine, the models are let go by leaving alone."""
    monkeypatch.setattr(chat_process, "STOP_SECONDS", 30.0)
    monkeypatch.setenv("RONDO_CHAT_IDLE_SECONDS", "3600")
    yield
    chatting.leave_all()


def test_two_answer_side_by_side_until_they_are_stopped_and_left(empty: None, chromium: Any) -> None:
    reread()
    project = rows.make_project()
    quick = rows.make_checkpoint(project, "quick", engine={"name": "scripted", "replies": [f"hello {HOSTILE}"]})
    slow = rows.make_checkpoint(project, "slow", engine=SLOW)
    context = chromium.new_context(viewport={"width": 400, "height": 800})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(project, f"checkpoints?checkpoint={quick.id}"))
    page.locator("#detail").get_by_role("link", name="Chat").click()
    expect(page.locator("#chat-log")).to_contain_text("No messages yet")
    page.goto(site.page(project, f"chat?checkpoint={quick.id}&beside={slow.id}"))
    expect(page.locator("#chat-log")).to_contain_text("No messages yet")
    expect(page.locator("#chat-beside input")).to_have_value("slow")

    box, answers = page.locator("#chat-text textarea"), page.locator("#chat-log .answer")
    box.fill(f"What is this? {HOSTILE}")
    box.press("Enter")
    expect(answers.nth(0)).to_contain_text("tokens, stop")
    expect(answers.nth(1)).to_contain_text("word")
    expect(box).to_have_value("")
    length = len(answers.nth(1).inner_text())
    page.wait_for_function(f"document.querySelectorAll('#chat-log .answer')[1].innerText.length > {length}")
    page.keyboard.press("Escape")
    expect(answers.nth(1)).to_contain_text("stopped")
    fits(page)

    box.fill("And now?")
    page.locator("#chat-send").click()
    expect(answers).to_have_count(4)
    expect(answers.nth(1)).to_contain_text("tokens, stop")
    page.locator("#chat-stop").click()
    expect(answers.nth(3)).to_contain_text("stopped")
    copy = answers.nth(0).get_by_role("button")
    copy.click()
    expect(copy).to_have_text("Copied")
    page.locator("#chat-clear").click()
    expect(page.locator("#chat-log")).to_contain_text("No messages yet")
    assert len(chatting.pids()) == 2

    chatting.leave_all()  # as when the connection to the page breaks
    box.fill("Do you know me?")
    box.press("Enter")
    expect(page.get_by_text("The connection to this page broke")).to_be_visible()
    expect(box).to_have_value("Do you know me?")
    box.press("Enter")
    expect(answers.nth(0)).to_contain_text("tokens, stop")
    assert page.evaluate("window.hacked") is None
    assert errors == []
    page.close()
    until(lambda: not chatting.pids(), "letting go of the models")
    context.close()
