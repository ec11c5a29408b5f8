"""The review desk in Chromium: keys pressed fast, the network gone, a reload in the middle, hostile text."""

from typing import Any

import pytest
from playwright.sync_api import Response, expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.services.access import Actor
from backend.values import DecisionKind, Role, RoundStatus
from tests.browser.desk import HOSTILE, SEND, SHOWN, Review, empty, is_sending, sign_in
from tests.browser.settled import fits

__all__ = ["HOSTILE", "Review", "empty", "sign_in"]
pytestmark = pytest.mark.browser


def test_fast_keys_are_each_saved_once_and_in_order(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=240)
    for n in range(100):
        desk.has_item()
        desk.press("a" if n % 3 else "x")
    desk.saved()
    kinds = [DecisionKind.accept if n % 3 else DecisionKind.reject for n in range(100)]
    assert desk.decisions() == list(zip(kinds, desk.ids[:100], strict=True))
    desk.comes(desk.ids[100])
    expect(desk.page.locator(".tally")).to_have_text("You overrode 50 of 100")
    assert desk.errors == []


def test_the_next_sample_is_painted_without_the_server(empty: None, chromium: object) -> None:
    """How quickly is measured by `tests.bench.review_keys`."""
    desk = Review(chromium, number=80)
    unanswered: list[Any] = []
    is_held = True
    desk.page.route(SEND, lambda route: unanswered.append(route) if is_held else route.continue_())
    for n in range(10):
        desk.comes(desk.ids[n])
        desk.press("ax"[n % 2])
    desk.comes(desk.ids[10])
    desk.sees(".unsaved", "10 unsaved")
    assert desk.decisions() == []
    is_held = False
    for route in unanswered:
        route.continue_()
    desk.saved()
    assert [n for _, n in desk.decisions()] == desk.ids[:10]


def test_nothing_is_lost_when_the_network_goes_and_the_page_is_reloaded(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.route(SEND, lambda route: route.abort())
    for key in "axa":
        desk.page.keyboard.press(key)
    desk.page.wait_for_selector("#review-desk .unsaved:text('3 unsaved – the server does not answer')")
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    desk.page.unroute(SEND)
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    desk.page.reload()
    assert asked == ["beforeunload"]
    desk.page.unroute(SEND)
    desk.page.wait_for_selector(SHOWN)
    desk.saved()
    assert desk.decisions() == [
        (DecisionKind.accept, desk.ids[0]),
        (DecisionKind.reject, desk.ids[1]),
        (DecisionKind.accept, desk.ids[2]),
    ]
    desk.comes(desk.ids[3])


def test_an_answer_that_got_lost_is_not_decided_twice(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    lost: list[int] = []

    def lose_the_first(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]
        if is_sending(route) and not lost:
            lost.append(1)
            route.abort()  # type: ignore[attr-defined]
        else:
            route.fulfill(response=response)  # type: ignore[attr-defined]

    desk.page.route(SEND, lose_the_first)
    desk.page.keyboard.press("a")
    desk.page.keyboard.press("x")
    desk.saved()
    assert lost
    assert [kind for kind, _ in desk.decisions()] == [DecisionKind.accept, DecisionKind.reject]


def test_the_judge_stays_hidden_until_the_decision(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.leave()  # what a page was told before it was left cannot be read any more
    told: list[Response] = []
    desk.page.on("response", lambda answer: told.append(answer) if answer.url.endswith("/review/claims") else None)
    desk.open()
    assert desk.page.locator(".judge").count() == 0
    desk.page.keyboard.press("x")
    desk.page.wait_for_selector(".revealed .judge")
    expect(desk.page.locator(".revealed")).to_contain_text("The judge accepted")
    expect(desk.page.locator(".revealed")).to_contain_text("Differs from the judge")
    desk.saved()
    items = [item for answer in told for item in answer.json()]
    assert items
    assert all(item["judge"] is None and item["reason"] is None for item in items)
    assisted = Review(chromium, is_blind=False)
    expect(assisted.page.locator(".assist .judge")).to_have_count(1)


def test_that_an_item_was_drawn_at_random_is_told_after_a_blind_decision(empty: None, chromium: object) -> None:
    """Beside such items the others are chosen, since the judge is likelier to be wrong there."""
    blind, seen = (Review(chromium, review={"random_share": 1.0}, number=4, is_blind=one) for one in (True, False))
    for desk in (blind, seen):
        desk.page.get_by_label("Order").select_option("random")
        desk.has_item()
    expect(seen.page.locator("#review-desk .facts")).to_contain_text("drawn at random")
    assert "random" not in blind.text(".facts")
    blind.page.keyboard.press("a")
    expect(blind.page.locator(".revealed .why")).to_contain_text("Why it was here: Drawn at random")


def test_undo_edit_skip_flag_score_and_moving_work_by_key(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    page, ids = desk.page, desk.ids
    page.keyboard.press("x")
    page.keyboard.press("u")
    desk.comes(ids[0])
    page.keyboard.press("4")
    page.keyboard.press("s")
    page.keyboard.press("f")
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("axu better")
    page.keyboard.press("Control+Enter")
    desk.comes(ids[3])
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Backspace")
    desk.comes(ids[1])
    page.keyboard.press("j")
    page.keyboard.press("9")
    desk.comes(ids[2])
    desk.saved()
    K = DecisionKind
    assert desk.decisions() == [
        (K.reject, ids[0]),
        (K.retract, ids[0]),
        (K.score, ids[0]),
        (K.skip, ids[1]),
        (K.flag, ids[2]),
        (K.edit, ids[2]),
    ]
    with reading() as db:
        assert db.scalars(select(tables.Sample.text).where(tables.Sample.kind == "edit")).all() == ["axu better"]


def test_undo_after_a_reload_brings_the_sample_back(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.keyboard.press("a")
    desk.shows(".spoken", f"Sample {desk.ids[1]}, 39 left")
    desk.saved()
    desk.open()
    desk.comes(desk.ids[1])
    desk.sees(".progress", "1 of 40 samples decided")
    desk.page.keyboard.press("u")
    desk.page.wait_for_selector(f"#review-desk .facts:text('Sample {desk.ids[0]},')")
    desk.shows(".spoken", f"Sample {desk.ids[0]}, 40 left")
    desk.sees(".progress", "0 of 40 samples decided")


def test_nothing_written_is_interpreted(empty: None, chromium: object) -> None:
    desk = Review(chromium, is_blind=False)
    desk.press("a")
    desk.page.wait_for_selector(".revealed .judge")
    desk.sees(".answer", "<script>window.hacked=1</script><b>{{7*7}}${window.hacked=1}</b> ${7*7}")
    expect(desk.page.locator("#review-desk .answer code")).to_have_text("${7*7}")
    desk.sees(".guidelines", "{{7*7}}${window.hacked=1}</b> ${7*7}")
    desk.press("v")
    assert desk.text(".answer .text").endswith(HOSTILE)
    assert desk.page.locator("#review-desk :is(img, script, b:text('49'))").count() == 0
    assert desk.page.evaluate("window.hacked") is None


def test_closing_by_mouse_on_a_phone_freezes_the_round(empty: None, chromium: object) -> None:
    desk = Review(chromium, width=400)
    fits(desk.page)
    desk.page.get_by_role("button", name="Accept").click()
    desk.saved()
    desk.page.get_by_role("button", name="Commands").click()
    desk.page.locator(".palette li", has_text="Close the review").click()
    desk.page.wait_for_selector("dialog.closing[open]")
    assert desk.page.evaluate("document.activeElement.textContent") == "Not yet"
    expect(desk.page.locator("dialog[open]")).to_contain_text("1 of 40 samples is decided")
    desk.page.get_by_role("button", name="Close the review").click()
    desk.page.wait_for_selector("text=The review is closed")
    with reading() as db:
        assert db.get_one(tables.Round, desk.round.id).status is RoundStatus.running
    desk.page.keyboard.press("a")
    assert len(desk.decisions()) == 1


def test_a_decision_refused_meanwhile_is_said_and_not_shown_as_made(empty: None, chromium: object) -> None:
    from backend.services import reviews

    desk = Review(chromium)
    reviews.close(Actor(desk.actor.user_id, desk.actor.name), desk.round.id)
    desk.page.keyboard.press("a")
    desk.page.wait_for_selector(".outcomes:not([hidden])")
    said = desk.text(".outcomes")
    assert f"sample {desk.ids[0]} was not saved" in said
    assert "frozen" in said
    assert desk.decisions() == []


def test_a_viewer_is_told_what_is_missing(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.viewer, waits_for="#review-desk .rondo-empty")
    expect(desk.page.locator("#review-desk")).to_contain_text("needs the role reviewer")
    expect(desk.page.locator("#review-desk button")).to_have_count(0)
