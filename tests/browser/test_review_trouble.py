"""The review desk when something comes between: refusals, silence, another person, an order changed in the middle."""

import pytest
from playwright.sync_api import Route, expect

from backend.db import session, tables
from backend.services import reviews
from backend.services.access import Actor
from backend.services.decisions import acts
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import held, rows
from tests.browser.desk import FIND, SAVED, SEND, Review, empty, is_sending, sign_in
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
OUTBOX = "Object.keys(localStorage).filter((name) => /^rondo.review.\\d/.test(name)).length"
HELD_HERE = f"{FIND}.desk.queue.open.length"


def set_role(desk: Review, role: Role) -> None:
    with session() as db:
        db.get_one(tables.Membership, (desk.project.id, desk.actor.user_id)).role = role


def close(desk: Review) -> None:
    with session() as db:
        db.get_one(tables.Membership, (desk.project.id, desk.actor.user_id)).role = Role.curator
    reviews.close(Actor(desk.actor.user_id, desk.actor.name), desk.round.id)


def test_an_open_edit_stays_with_its_item_when_another_order_is_chosen(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("e", "Control+A")
    desk.page.keyboard.type("mine")
    order = desk.page.get_by_label("Order")
    order.select_option("random")
    expect(order).to_have_value("sequential")
    desk.sees(".mine", "Save or leave the text")
    desk.page.get_by_label("Edited text").focus()
    desk.press("Control+Enter")
    desk.saved()
    assert desk.decisions() == [(K.edit, desk.ids[0])]
    desk.comes(desk.ids[1])
    assert desk.errors == []


def test_an_edit_begun_while_an_undo_is_fetched_decides_its_own_item(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("a")
    desk.saved()
    desk.open()
    fetched: list[Route] = []

    def hold(route: Route) -> None:
        if '"include"' in (route.request.post_data or ""):
            fetched.append(route)
        else:
            route.continue_()

    desk.page.route("**/review/claims", hold)
    desk.press("u", "e", "Control+A")
    desk.page.keyboard.type("mine")
    while not fetched:
        desk.page.wait_for_timeout(20)
    fetched[0].continue_()
    desk.page.wait_for_function(f"{FIND}.desk.queue.find({desk.ids[0]})")
    desk.press("Control+Enter")
    desk.saved()
    assert desk.decisions()[-1] == (K.edit, desk.ids[1])
    desk.comes(desk.ids[0])
    assert desk.errors == []


def test_a_refused_text_stays_readable_and_every_refused_decision_is_counted(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    desk.press("e", "Control+A")
    desk.page.keyboard.type("worth keeping")
    desk.press("Control+Enter", "a", "x")
    close(desk)
    desk.page.unroute(SEND)
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('3 decisions of yours were not saved')")
    desk.sees(".outcomes", f"(samples {desk.ids[0]}, {desk.ids[1]}, {desk.ids[2]})")
    desk.page.get_by_text(f"Your text for sample {desk.ids[0]}").click()
    expect(desk.page.locator(".outcomes textarea")).to_have_value("worth keeping")
    draft = f"rondo.review.draft.{desk.actor.user_id}.{desk.ids[0]}"
    assert desk.page.evaluate(f"localStorage['{draft}']") == "worth keeping"
    desk.page.locator(".outcomes").get_by_role("button", name="OK").click()
    expect(desk.page.locator(".outcomes")).to_be_hidden()
    assert desk.decisions() == []


def test_a_text_that_was_too_long_is_opened_again_as_it_was_written(
    empty: None, chromium: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MAX_TEXT", 1000)  # Chromium takes seconds to lay out a million characters
    desk = Review(chromium)
    box = desk.page.get_by_label("Edited text")
    desk.press("e")
    box.evaluate("(one) => { one.value = 'w'.repeat(1001); }")
    desk.press("Control+Enter")
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('Shorten it')")
    desk.page.get_by_text(f"Your text for sample {desk.ids[0]}").click()
    desk.page.get_by_role("button", name="Edit it again").click()
    assert len(box.input_value()) == 1001
    box.evaluate("(one) => { one.value = 'shorter'; }")
    desk.press("Control+Enter")
    desk.saved()
    assert desk.decisions() == [(K.edit, desk.ids[0])]
    assert desk.errors == []


def test_a_call_that_is_never_answered_is_made_again(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    swallowed: list[object] = []

    def swallow_the_first(route: object) -> None:
        if is_sending(route) and not swallowed:
            swallowed.append(route)
        else:
            route.continue_()  # type: ignore[attr-defined]

    desk.page.route(SEND, swallow_the_first)
    desk.press("a")
    desk.page.wait_for_function(SAVED)
    assert len(swallowed) == 1
    assert desk.decisions() == [(K.accept, desk.ids[0])]


def test_a_desk_that_meets_a_busy_or_silent_server_opens_when_it_answers(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    busy = {"error": {"type": "Busy", "message": "The database is busy with something long.", "retry_after": 1}}
    desk.page.route(SEND, lambda route: route.fulfill(status=503, json=busy))
    desk.page.goto(desk.page.url)
    desk.page.wait_for_selector("#review-desk :text('busy with something long. Trying again.')")
    desk.page.unroute(SEND)
    desk.page.route(SEND, lambda route: route.abort())
    desk.page.wait_for_selector("#review-desk :text('The server does not answer. Trying again.')")
    desk.page.unroute(SEND)
    desk.has_item()
    assert desk.errors == []


def test_a_desk_whose_script_does_not_arrive_says_so(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.route("**/review/desk.js*", lambda route: route.abort())
    desk.page.goto(desk.page.url)
    desk.page.wait_for_selector("#review-desk:has-text('A part of this page did not arrive. Reload it.')")


def test_what_a_held_database_did_not_take_waits_and_is_sent_again_when_it_said(
    empty: None, chromium: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.wait_for_little(monkeypatch)
    desk = Review(chromium)
    desk.has_item()
    with held.Held():
        desk.press("a", "x", "a")
        desk.page.wait_for_function(f"{FIND}.desk.outbox.retryAt > Date.now() + 1000")
        assert desk.page.evaluate(OUTBOX) == 3
        assert desk.page.locator("#review-desk .outcomes:visible").count() == 0, "nothing is refused"
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[1]), (K.accept, desk.ids[2])]
    assert desk.page.evaluate(OUTBOX) == 0
    assert desk.errors == []


def test_a_flag_is_shown_after_a_reload_and_taken_off_by_the_same_key(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("f")
    desk.saved()
    desk.open()
    desk.sees(".facts", "flagged")
    desk.press("f")
    desk.saved()
    desk.sees_not(".facts", "flagged")
    assert [kind for kind, _ in desk.decisions()] == [K.flag, K.retract]


def test_undo_takes_back_the_last_thing_done_notes_and_flags_too(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("a", "n")
    desk.page.keyboard.type("odd")
    desk.press("Control+Enter", "f", "u")
    desk.sees_not(".facts", "flagged")
    desk.press("u", "u")
    desk.comes(desk.ids[0])
    desk.saved()
    undone = [row.retracts_id for row in desk.written() if row.kind is K.retract]
    assert undone == [row.id for row in desk.written() if row.kind is not K.retract][::-1]


def test_a_refused_flag_loses_its_badge(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    close(desk)
    desk.press("f")
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('was not saved')")
    desk.sees_not(".facts", "flagged")


def test_an_undo_with_nothing_to_take_back_is_said_and_not_kept(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.press("u")
    desk.page.wait_for_selector("#review-desk .mine:has-text('nothing of yours to take back')")
    desk.saved()
    assert desk.page.evaluate(OUTBOX) == 0


def test_an_undo_of_what_was_held_sends_neither(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.reviewer)
    set_role(desk, Role.viewer)
    desk.press("a", "x")
    desk.page.wait_for_selector("#review-desk .message:has-text('2 decisions of yours were not saved')")
    desk.press("u")
    desk.comes(desk.ids[1])
    desk.sees(".unsaved", "1 unsaved")
    # This undo is on its way together with what it takes back.
    desk.press("s", "u")
    desk.page.wait_for_function(f"{OUTBOX} === 1 && !{FIND}.desk.outbox.size")
    desk.sees(".message", "A decision of yours was not saved")
    expect(desk.page.locator(".outcomes")).to_be_hidden()
    set_role(desk, Role.reviewer)
    desk.page.get_by_role("button", name="Try again").click()
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0])]


def test_an_undo_that_was_refused_shows_what_stands(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.reviewer)
    desk.press("a")
    desk.saved()
    set_role(desk, Role.viewer)
    desk.press("u")
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('needs the role reviewer')")
    desk.sees(".mine", "You accepted")
    assert desk.page.evaluate(OUTBOX) == 0


def test_decisions_of_one_person_are_never_saved_as_anothers(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    other = rows.make_actor(desk.project, Role.reviewer)
    sign_in(desk.context, other)
    desk.press("a", "x")
    desk.page.wait_for_selector(f"#review-desk .message:has-text('{other.name} is signed in in this browser now')")
    desk.beat()
    assert desk.decisions() == []
    sign_in(desk.context, desk.actor)
    desk.page.wait_for_function(SAVED)
    assert {row.user_id for row in desk.written()} == {desk.actor.user_id}
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[1])]


def test_what_others_leave_comes_without_a_reload_and_passed_items_are_named(empty: None, chromium: object) -> None:
    one = Review(chromium, number=4, role=Role.reviewer)
    nothing = "#review-desk .rondo-empty:has-text('Nothing is left')"
    other = Review(chromium, role=Role.reviewer, beside=one, waits_for=nothing)
    expect(other.page.locator(".spoken")).to_have_text("Nothing is left to decide in this order.")
    one.press("j", "j", "j", "j")
    one.page.wait_for_selector("#review-desk .rondo-empty:has-text('You passed 4 samples without a decision')")
    one.page.get_by_role("button", name="Go to the first of them").click()
    one.comes(one.ids[0])
    one.press("a")
    one.saved()
    one.leave()
    other.beat()
    other.page.wait_for_selector("#review-desk .answer .markdown")
    other.comes(one.ids[1])


def test_an_empty_page_says_what_the_server_said(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=2, role=Role.reviewer)
    set_role(desk, Role.viewer)
    desk.press("j", "j")
    desk.beat()
    desk.page.wait_for_selector("#review-desk .rondo-empty:has-text('needs the role reviewer')")


def test_a_review_that_ends_meanwhile_is_said(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    close(desk)
    desk.beat()
    desk.page.wait_for_selector("#review-desk .message:has-text('was closed')")
    expect(desk.page.locator("#review-desk .actions")).to_be_hidden()
    desk.sees(".rondo-empty", "its labels are frozen")
    desk.sees_not(".progress", "about")


def test_a_round_whose_samples_are_still_made_is_not_said_to_be_over(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    with session() as db:
        row = db.get_one(tables.Round, desk.round.id)
        row.status, row.stage = RoundStatus.running, Stage.judge
    desk.page.reload()
    desk.sees(".rondo-empty", "It comes to its review once its samples are made and judged")
    desk.sees_not(".rondo-empty", "frozen")


def test_another_order_gives_back_what_the_first_had_reserved(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=200)
    desk.page.wait_for_function(f"{HELD_HERE} >= 40")
    desk.page.get_by_label("Order").select_option("random")
    desk.page.get_by_label("Order").select_option("sequential")
    desk.page.wait_for_function(f"{HELD_HERE} >= 40 && !{FIND}.desk.queue.fetching")
    until(lambda: desk.leased() == desk.page.evaluate(HELD_HERE))


def test_the_time_of_a_decision_is_sent_once_and_ends_at_five_minutes(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, n=3, review={"mode": "group"})
    desk.page.evaluate(f"{FIND}.desk.stopwatch.started -= 20000")
    desk.press("1", "e", "Control+A")
    desk.page.keyboard.type("better")
    desk.press("Control+Enter", "Enter")
    desk.page.evaluate(f"{FIND}.desk.stopwatch.started -= 3600000")
    desk.press("=")
    desk.saved()
    edit, prefer, tie = (row.seconds for row in desk.written())
    assert edit >= 20 > prefer
    assert tie == 300


def test_what_passes_in_another_tab_is_not_sent_as_time(empty: None, chromium: object) -> None:
    desk = Review(chromium)

    def turn(state: str) -> None:
        desk.page.evaluate(
            """(state) => {
                Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    turn("hidden")
    # A minute since the item was painted, of which fifty seconds were out of sight.
    desk.page.evaluate(f"{FIND}.desk.stopwatch.started -= 60000")
    desk.page.evaluate(f"{FIND}.desk.stopwatch.hidden -= 50000")
    turn("visible")
    desk.press("a")
    desk.saved()
    (row,) = desk.written()
    assert 10 <= row.seconds < 50
