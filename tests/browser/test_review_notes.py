"""Notes in the review desk: what was typed is never lost on the way."""

import pytest
from playwright.sync_api import expect

from backend.services import reviews
from backend.services.access import Actor
from backend.values import DecisionKind
from tests.browser.desk import SEND, Review, empty, is_sending, sign_in
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind


def draft(desk: Review) -> str:
    """In JavaScript: what is kept of the note on the first sample."""
    return f"localStorage['rondo.review.note.{desk.actor.user_id}.{desk.ids[0]}']"


def write(desk: Review, note: str) -> None:
    desk.press("n")
    desk.page.keyboard.type(note)
    desk.page.wait_for_function(f"{draft(desk)} === '{note}'")


def close(desk: Review) -> None:
    reviews.close(Actor(desk.actor.user_id, desk.actor.name), desk.round.id)


def stays_readable(desk: Review, note: str) -> None:
    desk.page.get_by_text(f"Your note for sample {desk.ids[0]} is kept in this browser").click()
    expect(desk.page.locator(".outcomes textarea")).to_have_value(note)
    assert desk.page.evaluate(draft(desk)) == note
    assert desk.decisions() == []
    assert desk.errors == []


def test_a_note_that_was_left_is_kept_until_it_is_sent(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    box = desk.page.get_by_label("Note", exact=True)
    desk.press("n")
    desk.page.keyboard.type("half a tho")
    desk.press("Escape")
    desk.shows(".mine", "Your note is kept: N opens it again.")
    desk.press("n")
    expect(box).to_have_value("half a tho")
    desk.sees(".work", "This is what you typed before.")
    desk.press("End")
    desk.page.keyboard.type("ught")
    desk.press("Control+Enter")
    desk.saved()
    assert [row.note for row in desk.written()] == ["half a thought"]
    assert desk.page.evaluate(f"{draft(desk)} === undefined")
    desk.press("n")
    expect(box).to_have_value("")
    desk.press("Escape")
    desk.sees_not(".mine", "is kept")


def test_a_note_being_written_when_the_session_ends_is_there_after_signing_in(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    write(desk, "odd")
    desk.context.clear_cookies()
    desk.page.on("dialog", lambda dialog: dialog.accept())
    desk.page.goto(f"{site.address()}/login")
    sign_in(desk.context, desk.actor)
    desk.open()
    desk.press("n")
    expect(desk.page.get_by_label("Note", exact=True)).to_have_value("odd")
    desk.press("Control+Enter")
    desk.saved()
    assert desk.decisions() == [(K.note, desk.ids[0])]


@pytest.mark.parametrize("key", ["Control+Enter", "Escape"])
def test_a_note_being_written_when_the_review_is_closed_stays_readable(empty: None, chromium: object, key: str) -> None:
    desk = Review(chromium)
    write(desk, "odd")
    close(desk)
    desk.beat()
    desk.page.wait_for_selector("#review-desk .message:has-text('was closed')")
    desk.press(key)
    stays_readable(desk, "odd")


def test_a_refused_note_stays_readable(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    write(desk, "odd")
    desk.press("Control+Enter")
    desk.sees(".unsaved", "1 unsaved")
    close(desk)
    desk.page.unroute(SEND)
    desk.page.wait_for_selector("#review-desk .outcomes:has-text('was not saved')")
    stays_readable(desk, "odd")


def test_a_text_that_nobody_touched_for_long_is_forgotten(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    write(desk, "half")
    desk.press("Escape")
    me = desk.actor.user_id
    desk.page.evaluate(f"""() => {{
        const days = JSON.parse(localStorage["rondo.review.touched"]);
        const old = {{ ...days, "rondo.review.draft.{me}.7": Object.values(days)[0] - 61 }};
        localStorage["rondo.review.draft.{me}.7"] = "long ago";
        localStorage["rondo.review.draft.{me}.8"] = "of an earlier version";
        localStorage["rondo.review.touched"] = JSON.stringify(old);
    }}""")
    desk.open()
    names = "Object.keys(localStorage).filter((name) => /draft|note/.test(name)).sort()"
    left = [f"rondo.review.draft.{me}.8", f"rondo.review.note.{me}.{desk.ids[0]}"]
    desk.page.wait_for_function(f"JSON.stringify({names}) === JSON.stringify({left})")
    assert desk.page.evaluate("Object.keys(JSON.parse(localStorage['rondo.review.touched'])).sort()") == left
