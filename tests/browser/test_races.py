"""In Chromium, with a server slowed by two seconds: what is typed at once stays, and is what is done."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.db import reading, session, tables
from backend.values import DecisionKind
from tests.browser.desk import SHOWN, Review, empty
from tests.browser.form import opened
from tests.browser.slowed import DELAY, TIMES, go, slow, slow_team, tap
from tests.browser.test_team import Team
from tests.integration import site
from tests.waiting import until

__all__ = ["empty", "slow", "slow_team"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("slow")]


def estimates(page: Page, samples: int) -> None:
    expect(page.locator("#estimate dd").first).to_have_text(f"{samples:,}")
    expect(page.locator("#launch")).not_to_have_attribute("aria-disabled", "true")


def generator(page: Page) -> Any:
    return page.locator("#slot-generator").get_by_label("Generator", exact=True)


def number(page: Page, name: str = "Samples per prompt (n)") -> Any:
    return page.locator("#slot-generator").get_by_label(name, exact=True)


def open_form(slow_team: Team) -> Page:
    """The form of a new round, its prompts chosen; its policy has weights, without which no plan is estimated."""
    with session() as db:
        for checkpoint in db.query(tables.Checkpoint):
            checkpoint.engine = {"name": "transformers", "model": "models/base"}
    page = go(slow_team, "new-round")
    page.locator("#sample-sets input").click()
    page.locator("[role=option]").first.click()
    page.keyboard.press("Escape")
    opened(page, "#slot-generator")
    opened(page, "#slot-judge")
    expect(number(page)).to_be_visible()
    return page


def test_a_dropdown_that_is_left_as_it_was_changes_nothing(slow_team: Team) -> None:
    page = open_form(slow_team)
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


def test_what_is_launched_is_what_was_typed_after_another_part_was_chosen(slow_team: Team) -> None:
    page = open_form(slow_team)
    tap(page, "#num-prompts", "3")
    judge = page.locator("#slot-judge").get_by_label("Judge", exact=True)
    expect(judge).to_have_value(re.compile("."))
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


def test_filters_typed_into_before_the_page_is_filled_hold_what_was_typed(slow_team: Team) -> None:
    for turn in range(TIMES):
        page = go(slow_team, "samples")
        tap(page, "#samples-search", "7")
        opened(page, "#samples-more")
        tap(page, "#samples-min_score", str(low := 2 + turn % 3))
        page.keyboard.press("Enter")
        page.wait_for_function("new URL(location).searchParams.get('min_score')")
        expect(page).to_have_url(re.compile(rf"[?&]min_score={low}\b"))
        expect(page).to_have_url(re.compile(r"[?&]text=7\b"))
        expect(page.locator("#samples-search :is(input, textarea)").first).to_have_value("7")
        assert "max_" not in page.url
        expect(page.locator("#samples-count")).to_contain_text("20 samples")


def test_a_tab_that_is_filled_when_it_is_opened_keeps_what_is_typed_at_once(slow_team: Team) -> None:
    page = go(slow_team, "team")
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


def test_a_file_chosen_at_once_is_read(slow_team: Team, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(json.dumps({"prompt": f"Question {n}"}) for n in range(4)))
    for _ in range(TIMES):
        page = go(slow_team, "prompts")
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


def test_no_page_but_the_review_desk_keeps_what_is_typed(slow_team: Team) -> None:
    page = go(slow_team, "samples")
    page.keyboard.type("a password")
    assert page.evaluate("window.rondoEarlyKeys().length") == 0
    page = go(slow_team, "review")
    for _ in range(12):
        page.keyboard.type("0123456789")
    assert page.evaluate("window.rondoEarlyKeys().length") <= 100


def test_an_event_of_a_part_that_is_gone_is_answered_in_a_sentence(slow_team: Team) -> None:
    body = {"fn_index": 999_999, "session_hash": "gone", "data": [], "trigger_id": None}
    answer = slow_team.context.request.post(f"{site.address()}/gradio_api/queue/join", data=body)
    assert answer.status == 409
    assert "Reload the page" in answer.json()["detail"]
