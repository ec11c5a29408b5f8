"""The review desk when one decision cannot be written: it is set aside and said, and the others are saved."""

import pytest
from playwright.sync_api import expect

from backend.services.decisions import Act, rows
from backend.values import DecisionKind
from tests.browser.desk import FIND, SEND, Review, empty, is_sending
from tests.browser.test_review_trouble import OUTBOX

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
HALF = "\\ud83d"


def send_together(desk: Review, act: str) -> None:
    """Accept the first item, hand in an act of one's own on the second, reject the third: in one call."""
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    desk.press("a")
    desk.page.evaluate(f"{FIND}.desk.outbox.push({{client_id: crypto.randomUUID(), sample_id: {desk.ids[1]}, {act}}})")
    desk.press("j", "x")
    desk.page.unroute(SEND)


def test_half_an_emoji_in_a_note_is_said_and_holds_up_nothing(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    send_together(desk, f"kind: 'note', note: 'half {HALF}'")
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('note: holds half of an emoji')")
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[2])]
    assert desk.page.evaluate(OUTBOX) == 0
    desk.sees(".outcomes", f"Your note for sample {desk.ids[1]} is kept")
    assert desk.errors == []


def test_a_decision_on_a_sample_of_elsewhere_is_kept_and_holds_up_nothing(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    send_together(desk, "kind: 'accept', sample_id: 999999999")
    desk.page.wait_for_selector("#review-desk .message:has-text('There is no sample 999999999')")
    expect(desk.page.locator("#review-desk .unsaved")).to_have_text("1 unsaved")
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[2])]


def test_a_decision_that_makes_the_server_fail_is_kept_after_some_tries_and_holds_up_nothing(
    empty: None, chromium: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Review(chromium)
    read, poisons = rows.look_up, ["poison"]

    def fails(db: object, actor: object, round_: object, settings: object, act: Act, place: object) -> object:
        if act.note in poisons:
            raise RuntimeError("a fault of the server")
        return read(db, actor, round_, settings, act, place)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "look_up", fails)
    send_together(desk, "kind: 'note', note: 'poison'")
    desk.page.wait_for_selector("#review-desk .message:has-text('Something went wrong here')")
    desk.page.wait_for_function(f"!{FIND}.desk.outbox.size")
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[2])]
    poisons.clear()
    desk.page.get_by_role("button", name="Try again").click()
    desk.saved()
    assert desk.decisions()[-1] == (K.note, desk.ids[1])
