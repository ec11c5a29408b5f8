"""In Chromium, with a server slowed by two seconds: what is typed at once stays, and is what is done.

`RONDO_RACES=20` repeats each as often; how often each is done else is what the suite has time for.
"""

import asyncio
import functools
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from app.cli.serving import bind
from backend.db import reading, session, tables
from backend.values import DecisionKind
from tests import installation
from tests.browser.desk import SHOWN, Review, empty
from tests.browser.test_team import Team
from tests.integration import site
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser
TIMES = int(os.environ.get("RONDO_RACES", "2"))
DELAY = 2.0
SLOWED = ("/gradio_api/queue/join", "/gradio_api/component_server", "/gradio_api/upload")


def slowed(application: Any) -> Any:
    """The same application, whose every answer to what is done on a page comes two seconds later."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(SLOWED):
            await asyncio.sleep(DELAY)
        await application(scope, receive, send)

    return answer


@functools.lru_cache
def slow_address() -> str:
    """Start the slowed server in a thread, once; it ends with the process."""
    listening = bind("127.0.0.1", 0)
    door = site.Door(slowed(site.application()), site.works)
    server = uvicorn.Server(uvicorn.Config(door, log_config=None, server_header=False))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    until(lambda: server.started, "the slowed server's start")
    installation.doors.append(door)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page of these tests is the slowed server's."""
    monkeypatch.setattr(site, "address", slow_address)


@pytest.fixture
def team(empty: None, chromium: Any) -> Iterator[Team]:
    made = Team(chromium)
    yield made
    expect(made.page.locator(".toast-body.error")).to_have_count(0)
    assert made.errors == []
    made.context.close()


def go(team: Team, path: str) -> Page:
    """Open a page and wait for nothing on it."""
    team.page.goto(f"{site.address()}/{path}", wait_until="domcontentloaded")
    return team.page


def tap(page: Page, selector: str, words: str) -> None:
    """Click into a field and type, as soon as the page takes it."""
    field = page.locator(f"{selector} :is(input, textarea)").first
    field.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def estimates(page: Page, samples: int) -> None:
    expect(page.locator("#estimate dd").first).to_have_text(f"{samples:,}")
    expect(page.locator("#launch")).not_to_have_attribute("aria-disabled", "true")


def generator(page: Page) -> Any:
    return page.locator("#slot-generator").get_by_label("generator", exact=True)


def number(page: Page, name: str = "n") -> Any:
    return page.locator("#slot-generator").get_by_label(name, exact=True)


def open_form(team: Team) -> Page:
    """The form of a new round, its prompts chosen; its policy has weights, without which no plan is estimated."""
    with session() as db:
        for checkpoint in db.query(tables.Checkpoint):
            checkpoint.engine = {"name": "transformers", "model": "models/base"}
    page = go(team, "new-round")
    page.locator("#sample-sets input").click()
    page.locator("[role=option]").first.click()
    page.keyboard.press("Escape")
    return page


def test_a_dropdown_that_is_left_as_it_was_changes_nothing(team: Team) -> None:
    page = open_form(team)
    for turn in range(TIMES):
        generator(page).focus()
        page.keyboard.press("Tab")
        number(page).click()
        page.keyboard.press("Control+A")
        page.keyboard.type(str(13 + turn))
        tap(page, "#num-prompts", "7")
        page.locator("#start-from input").focus()
        page.keyboard.press("Tab")
        page.locator("#recipe input").focus()
        page.keyboard.press("Tab")
        estimates(page, 7 * (13 + turn))
        expect(number(page)).to_have_value(str(13 + turn))
        expect(page.locator("#num-prompts input")).to_have_value("7")


def test_what_is_launched_is_what_was_typed_after_another_part_was_chosen(team: Team) -> None:
    page = open_form(team)
    tap(page, "#num-prompts", "3")
    judge = page.locator("#slot-judge").get_by_label("judge", exact=True)
    before = judge.input_value()
    for turn in range(TIMES):
        for place, wanted in enumerate((None, before)):
            # Chosen while the estimate of what was typed is still being made; then typed again, at once.
            typed = str(5 + 2 * turn + place)
            number(page).click()
            page.keyboard.press("Control+A")
            page.keyboard.type(typed)
            judge.click()
            options = page.locator("[role=option]")
            (options.filter(has_text=wanted) if wanted else options.filter(has_not_text=before)).first.click()
            number(page).click()
            expect(number(page)).to_have_value(typed)
            page.keyboard.press("Control+A")
            page.keyboard.type("2")
            expect(number(page)).to_have_value("2")
    page.locator("#launch").click()
    page.wait_for_url(lambda url: "new-round" not in url)
    with reading() as db:
        round_ = db.query(tables.Round).order_by(tables.Round.id.desc()).first()
    assert (round_.num_prompts, round_.recipe["generator"]["n"], round_.recipe["judge"]["name"]) == (3, 2, before)


def test_filters_typed_into_before_the_page_is_filled_hold_what_was_typed(team: Team) -> None:
    for turn in range(TIMES):
        page = go(team, "samples")
        tap(page, "#samples-min_score", str(2 + turn))
        page.keyboard.press("Enter")
        page.wait_for_function("new URL(location).searchParams.get('min_score')")
        assert f"min_score={2 + turn}" in page.url
        assert "max_" not in page.url
        expect(page.locator("#samples-count")).to_have_text("20 samples")


def test_a_tab_that_is_filled_when_it_is_opened_keeps_what_is_typed_at_once(team: Team) -> None:
    page = go(team, "team")
    for turn in range(TIMES):
        page.get_by_role("tab", name="Assignments").click()
        tap(page, "#assign-low", str(2 + turn))
        page.get_by_role("tab", name="Guidelines").click()
        tap(page, "#guidelines-text", f"Be kind, {turn} times.")
        page.get_by_role("tab", name="Gold items").click()
        tap(page, "#gold-samples", f"30{turn}")
        page.wait_for_timeout(2 * DELAY * 1000)
        expect(page.locator("#assign-low input")).to_have_value(str(2 + turn))
        expect(page.locator("#assign-high input")).to_have_value("")
        expect(page.locator("#guidelines-text textarea")).to_have_value(f"Be kind, {turn} times.")
        expect(page.locator("#gold-samples :is(input, textarea)").first).to_have_value(f"30{turn}")


def test_a_file_chosen_at_once_is_read(team: Team, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(json.dumps({"prompt": f"Question {n}"}) for n in range(4)))
    for _ in range(TIMES):
        page = go(team, "prompts")
        page.get_by_role("tab", name="Import").click()
        with page.expect_file_chooser() as chosen:
            page.locator("#import-upload button").first.click()
        chosen.value.set_files(file)
        tap(page, "#import-name", "Mine")
        expect(page.locator("#import-become")).to_contain_text("Question 3")
        expect(page.locator("#import-go")).to_be_enabled()
        expect(page.locator("#import-name :is(input, textarea)").first).to_have_value("Mine")


def test_an_undo_right_after_a_reload_is_done_and_a_decision_on_what_was_not_seen_is_not(
    empty: None, chromium: Any
) -> None:
    desk = Review(chromium)
    for _ in range(TIMES):
        desk.press("a")
        desk.saved()
        desk.page.goto(f"{site.address()}/review?round={desk.round.id}", wait_until="domcontentloaded")
        desk.press("u", "x")
        desk.page.wait_for_selector(SHOWN)
        desk.sees(".message", "nothing was decided: x")
        desk.saved()
        until(lambda: desk.written()[-1].kind is DecisionKind.retract, "taking back")
        desk.comes(desk.ids[0])
    kinds = [kind for kind, _ in desk.decisions()]
    assert kinds == [DecisionKind.accept, DecisionKind.retract] * TIMES
    assert desk.errors == []


def test_an_undo_takes_back_the_decision_before_it_and_no_older_one_where_that_came_too_early(
    empty: None, chromium: Any
) -> None:
    desk = Review(chromium)
    desk.press("a")
    desk.saved()
    for _ in range(TIMES):
        desk.page.goto(f"{site.address()}/review?round={desk.round.id}", wait_until="domcontentloaded")
        desk.press("x", "u")
        desk.page.wait_for_selector(SHOWN)
        desk.sees(".message", "nothing was decided: x u")
        desk.saved()
    assert [kind for kind, _ in desk.decisions()] == [DecisionKind.accept]
    assert desk.errors == []


def test_no_page_but_the_review_desk_keeps_what_is_typed(team: Team) -> None:
    page = go(team, "samples")
    page.keyboard.type("a password")
    assert page.evaluate("window.rondoEarlyKeys().length") == 0
    page = go(team, "review")
    for _ in range(12):
        page.keyboard.type("0123456789")
    assert page.evaluate("window.rondoEarlyKeys().length") <= 100


def test_an_event_of_a_part_that_is_gone_is_answered_in_a_sentence(team: Team) -> None:
    body = {"fn_index": 999_999, "session_hash": "gone", "data": [], "trigger_id": None}
    answer = team.context.request.post(f"{site.address()}/gradio_api/queue/join", data=body)
    assert answer.status == 409
    assert "Reload the page" in answer.json()["detail"]
