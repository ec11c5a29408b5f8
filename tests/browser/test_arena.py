"""The arena in Chromium: keys as at the desk, several matches, and names at the end only; hostile texts stay texts."""

from typing import Any

import pytest
from playwright.sync_api import expect

from backend.db import reading, tables
from backend.services.arena import opening, voting
from tests.browser.desk import HOSTILE, empty, sign_in
from tests.browser.settled import settled
from tests.integration import site
from tests.integration.held_out import NUMBER, make_line

__all__ = ["empty"]
pytestmark = pytest.mark.browser
TWICE = """for (const _ of "11")
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", code: "Digit1", bubbles: true }));"""


def test_matches_are_decided_by_keys_and_names_are_shown_at_the_end(empty: None, chromium: Any) -> None:
    line = make_line(
        texts=[f"Old {n} {HOSTILE}" for n in range(NUMBER)] + [f"New {n} {HOSTILE}" for n in range(NUMBER)]
    )
    base, _, newest = line.checkpoints
    arena_id = opening.open_arena(line.actor, line.project.id, base.id, newest.id, number=4)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, line.actor)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.page(line.project, f"arena?arena={arena_id}"))
    status, match = page.locator("#arena-match [role=status]"), page.locator("#arena-match .match")
    expect(status).to_contain_text("0 of 4 decided")
    expect(page.locator("#arena-match article")).to_have_count(2)
    settled(page)  # what reads the keys is loaded beside the match
    assert base.name not in page.locator("main").inner_text()
    first = match.get_attribute("data-token")
    page.keyboard.press("s")
    expect(match).not_to_have_attribute("data-token", str(first))
    page.keyboard.press("1")
    expect(status).to_contain_text("1 of 4 decided")
    page.keyboard.press("u")
    expect(status).to_contain_text("0 of 4 decided")
    early = page.get_by_role("alert").filter(has_text="A key came before the next match was there")
    page.evaluate(TWICE)
    expect(status).to_contain_text("1 of 4 decided")
    expect(early).to_be_visible()
    page.keyboard.press("u")
    expect(status).to_contain_text("0 of 4 decided")
    expect(early).to_have_count(0)
    for number, key in enumerate("12=0", 1):
        page.keyboard.press(key)
        if number < 4:
            expect(status).to_contain_text(f"{number} of 4 decided")
    expect(page.locator("#arena-match .result h2")).to_contain_text(f"{base.name} against {newest.name}")
    expect(page.locator("#arena-match .result")).to_contain_text("4 decisions by 1 person")
    with reading() as db:
        standing = db.query(tables.ArenaVote).filter_by(is_retracted=False).order_by(tables.ArenaVote.id).all()
    left, right, tie, none = standing
    assert left.winner == ("second" if left.is_swapped else "first"), "1 chooses what stands on the left"
    assert right.winner == ("first" if right.is_swapped else "second")
    assert (tie.winner, none.winner) == ("tie", "none")
    assert all(arena_vote.seconds and arena_vote.seconds < 600 for arena_vote in standing)
    page.goto(site.page(line.project, f"checkpoints?checkpoint={newest.id}"))
    expect(page.locator("#detail")).to_contain_text("2 matches with a winner")
    assert page.evaluate("window.hacked") is None
    assert errors == []
    context.close()


def fails(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


def test_the_page_stays_alive_after_what_changes_nothing_and_what_is_refused(
    empty: None, chromium: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_line(texts=[f"Old {n}" for n in range(NUMBER)] + [f"New {n}" for n in range(NUMBER)])
    base, _, newest = line.checkpoints
    arena_id = opening.open_arena(line.actor, line.project.id, base.id, newest.id, number=3)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, line.actor)
    pages = [context.new_page() for _ in range(2)]
    for page in pages:
        page.goto(site.page(line.project, f"arena?arena={arena_id}"))
        expect(page.locator("#arena-match [role=status]")).to_contain_text("0 of 3 decided")
        settled(page)
    page, other = pages
    status, buttons = page.locator("#arena-match [role=status]"), page.locator("#arena-match .acts button")

    page.keyboard.press("u")
    expect(page.get_by_text("there is nothing to take back")).to_be_visible()
    expect(buttons.first).to_be_enabled()
    with monkeypatch.context() as broken:
        broken.setattr(voting, "decide", fails)
        page.keyboard.press("1")
        expect(page.get_by_text("Something went wrong here")).to_be_visible()
        expect(buttons.first).to_be_enabled()
    page.keyboard.press("1")
    expect(status).to_contain_text("1 of 3 decided")

    other.locator("#arena-match .acts button.tie").click()  # the match that the first tab decided otherwise
    expect(other.get_by_text("You decided this match already")).to_be_visible()
    expect(other.locator("#arena-match [role=status]")).to_contain_text("1 of 3 decided")
    other.keyboard.press("=")
    expect(other.locator("#arena-match [role=status]")).to_contain_text("2 of 3 decided")

    page.reload()
    expect(status).to_contain_text("2 of 3 decided")
    settled(page)
    drawn = page.locator("#arena-match .match").get_attribute("data-drawn")
    page.keyboard.press("s")  # one match is left, so it comes again
    expect(page.locator("#arena-match .match")).not_to_have_attribute("data-drawn", str(drawn))
    expect(buttons.first).to_be_enabled()
    page.keyboard.press("2")
    expect(page.locator("#arena-match .result")).to_contain_text("3 decisions by 1 person")
    context.close()
