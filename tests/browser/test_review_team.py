"""The review desk among others: two browsers at once, reservations, a network, a session, a role that go away."""

import os
import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from backend.db import now, reading, session, tables
from backend.values import DecisionKind, Role
from tests.browser.desk import SAVED, Review, empty, sign_in
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
SECONDS = float(os.environ.get("RONDO_KEY_SECONDS", "5"))
REVIEWER = Role.reviewer


def by_person(*desks: Review) -> list[list[int]]:
    """The samples each person decided, in order."""
    written = desks[0].written()
    return [[row.sample_id for row in written if row.user_id == desk.actor.user_id] for desk in desks]


def change(table: type, key: object, **columns: object) -> None:
    with session() as db:
        row = db.get_one(table, key)
        for name, value in columns.items():
            setattr(row, name, value)


def change_lease(desk: Review, sample_id: int, **columns: object) -> None:
    with session() as db:
        row = db.query(tables.Lease).filter_by(sample_id=sample_id, user_id=desk.actor.user_id).one()
        for name, value in columns.items():
            setattr(row, name, value)


def press_in_turn(one: Review, other: Review, times: int) -> None:
    """The one accepts, the other rejects; a key without an item on screen would mean nothing."""
    for _ in range(times):
        for desk, key in ((one, "a"), (other, "x")):
            desk.has_item()
            desk.press(key)


@pytest.mark.timeout(900 + 6 * SECONDS)
def test_keys_at_twenty_per_second_are_each_applied_once_in_order(empty: None, chromium: object) -> None:
    presses = int(SECONDS * 20)
    desk = Review(chromium, number=2 * ((presses + 60) // 2))
    keys = ["axs"[n % 3] for n in range(presses)]
    started = time.perf_counter()
    for n, key in enumerate(keys):
        time.sleep(max(0.0, started + n / 20 - time.perf_counter()))
        desk.has_item()
        desk.press(key)
    taken = time.perf_counter() - started
    desk.page.wait_for_function(SAVED)
    print(f"{presses} keys in {taken:.1f} s")
    kinds = [{"a": K.accept, "x": K.reject, "s": K.skip}[key] for key in keys]
    assert desk.decisions() == list(zip(kinds, desk.ids[:presses], strict=True))
    assert desk.errors == []


def test_ten_seconds_without_a_network_lose_nothing_and_double_nothing(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=60)
    desk.press("a")
    desk.saved()
    desk.context.set_offline(True)
    gone = time.monotonic()
    for key in "xaxxa":
        desk.press(key)
        desk.page.wait_for_timeout(1000)
    desk.page.wait_for_selector("#review-desk .unsaved:text('5 unsaved – the server does not answer')")
    desk.page.wait_for_timeout(max(0.0, 10 - (time.monotonic() - gone)) * 1000)
    desk.press("a")
    desk.context.set_offline(False)
    desk.page.wait_for_function(SAVED)
    kinds = [{"a": K.accept, "x": K.reject}[key] for key in "axaxxaa"]
    assert desk.decisions() == list(zip(kinds, desk.ids[:7], strict=True))


def test_two_people_never_get_the_same_item_where_one_is_wanted(empty: None, chromium: object) -> None:
    # More than both decide and one may hold ahead: who is quick would else leave nothing for the other to hold.
    one = Review(chromium, number=180, role=REVIEWER)
    other = Review(chromium, role=REVIEWER, beside=one)
    press_in_turn(one, other, 25)
    one.saved()
    other.saved()
    mine, theirs = by_person(one, other)
    assert len(mine) == len(theirs) == 25
    assert not set(mine) & set(theirs)
    one.beat()
    one.page.wait_for_selector(f"#review-desk .here:text('Also here: {other.actor.name}')")
    for desk in (one, other):
        desk.beat()
        desk.sees(".progress", "50 of 180 samples decided")


def test_two_people_both_get_every_item_where_two_are_wanted(empty: None, chromium: object) -> None:
    one = Review(chromium, number=12, role=REVIEWER, review={"num_reviewers_per_item": 2})
    other = Review(chromium, role=REVIEWER, beside=one)
    press_in_turn(one, other, 12)
    one.saved()
    other.saved()
    mine, theirs = by_person(one, other)
    assert sorted(mine) == sorted(theirs) == sorted(one.ids)


def test_the_bar_counts_as_decided_what_needs_nobody_any_more(empty: None, chromium: object) -> None:
    one = Review(chromium, number=4, review={"num_reviewers_per_item": 2})
    expect(one.page.locator(".progress")).to_have_text("0 of 4 samples decided")
    one.press("a", "a", "a")
    one.saved()
    expect(one.page.locator(".progress")).to_contain_text("0 of 4 samples decided, 3 more begun")
    expect(one.page.locator(".spoken")).to_contain_text("4 left")
    two = Review(chromium, role=REVIEWER, beside=one)
    expect(two.page.locator(".progress")).to_contain_text("0 of 4 samples decided, 3 more begun")


def test_what_is_not_decided_is_given_back_when_the_page_is_left(empty: None, chromium: object) -> None:
    one = Review(chromium, number=4, role=REVIEWER)
    expect(one.page.locator("#review-desk .lease")).to_have_text(re.compile(r"Yours for \d+ min, until \d"))
    other = Review(
        chromium, role=REVIEWER, beside=one, waits_for="#review-desk .rondo-empty:has-text('Nothing is left')"
    )
    one.press("a")
    one.saved()
    one.leave()
    other.waits_for = "#review-desk .answer .markdown"
    other.open()
    other.comes(one.ids[1])


def test_who_closes_the_page_is_not_here_any_more(empty: None, chromium: object) -> None:
    one = Review(chromium, number=4, role=REVIEWER)
    other = Review(
        chromium, role=REVIEWER, beside=one, waits_for="#review-desk .rondo-empty:has-text('Nothing is left')"
    )
    other.beat()
    other.sees(".here", f"Also here: {one.actor.name}")
    # Nothing is left to give back.
    for key in "axax":
        one.press(key)
    one.saved()
    one.go_away()
    until(lambda: not is_here(one))
    other.beat()
    other.shows(".here", "")


def is_here(desk: Review) -> bool:
    with reading() as db:
        return db.get(tables.Presence, (desk.round.id, desk.actor.user_id)) is not None


def test_a_reservation_that_runs_out_is_said_and_a_late_decision_is_kept(empty: None, chromium: object) -> None:
    one = Review(chromium, number=4, role=REVIEWER)
    first = one.shown
    one.hold_beats()
    change_lease(one, first, expires_at=now() + timedelta(seconds=40))
    one.beat(f"until.set({first}, Date.now() + 40000)")
    one.page.wait_for_selector("#review-desk .lease.is-ending:has-text('more')")
    with session() as db:
        for row in db.query(tables.Lease):
            row.expires_at = now() - timedelta(seconds=1)
    other = Review(chromium, role=REVIEWER, beside=one)
    other.comes(first)
    one.let_beats()
    one.beat()
    one.page.wait_for_selector(f"#review-desk .lease:has-text('{other.actor.name} is on this item')")
    other.press("a")
    other.saved()
    one.press("x")
    one.page.wait_for_selector("#review-desk .outcomes:has-text('came late')")
    one.saved()
    written = {row.user_id: row for row in one.written()}
    assert written[one.actor.user_id].is_late
    assert not written[other.actor.user_id].is_late
    with session() as db:
        assert db.get_one(tables.Label, first).verdict == "accept"


def test_a_role_taken_away_keeps_the_decisions_until_it_is_back(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, role=REVIEWER)
    change(tables.Membership, (desk.project.id, desk.actor.user_id), role=Role.viewer)
    desk.press("a", "x")
    desk.page.wait_for_selector("#review-desk .message:has-text('2 decisions of yours were not saved')")
    desk.sees(".message", "needs the role reviewer")
    desk.sees(".unsaved", "2 unsaved")
    assert desk.decisions() == []
    change(tables.Membership, (desk.project.id, desk.actor.user_id), role=REVIEWER)
    desk.page.get_by_role("button", name="Try again").click()
    desk.saved()
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[1])]


def test_a_round_deleted_meanwhile_is_said_and_the_decision_can_be_given_up(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=12, role=REVIEWER)
    with session() as db:
        db.delete(db.get_one(tables.Round, desk.round.id))
    desk.press("a")
    desk.page.wait_for_selector("#review-desk .message:has-text('There is no round')")
    desk.page.get_by_role("button", name="Give it up").click()
    desk.saved()


def test_a_session_that_ended_keeps_everything_and_goes_on_after_signing_in_elsewhere(
    empty: None, chromium: object
) -> None:
    desk = Review(chromium, number=12)
    desk.context.clear_cookies()
    desk.press("a", "e")
    desk.page.keyboard.type("typed while signed out ")
    desk.page.wait_for_selector("#review-desk .message a:text('Sign in again in a new tab')")
    expect(desk.page.locator(".message a")).to_have_attribute("target", "_blank")
    desk.press("Control+Enter")
    desk.sees(".unsaved", "2 unsaved")
    sign_in(desk.context, desk.actor)
    desk.page.wait_for_function(SAVED)
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.edit, desk.ids[1])]
    expect(desk.page.locator("#review-desk .message")).to_be_hidden()


def test_two_tabs_of_one_person_add_up(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=60)
    tab = desk.context.new_page()
    tab.goto(desk.page.url)
    tab.wait_for_selector("#review-desk .answer .markdown")
    for _ in range(5):
        desk.press("a")
        tab.keyboard.press("x")
    desk.saved()
    tab.wait_for_function(SAVED)
    written = desk.decisions()
    assert len(written) == 10
    assert [n for kind, n in written if kind is K.accept] == desk.ids[:5]
    assert [n for kind, n in written if kind is K.reject] == desk.ids[:5], "both tabs hold the same items"
    # Whichever word came second took the place of the first, and its page says so.
    told = [page.locator("#review-desk .outcomes").all_text_contents() for page in (desk.page, tab)]
    assert "5" in " ".join(told[0] + told[1])
    assert "elsewhere, in another tab or before a reload" in " ".join(told[0] + told[1])


def test_colleagues_words_come_after_ones_own_unless_the_round_shows_them(empty: None, chromium: object) -> None:
    hidden = {"num_reviewers_per_item": 2}
    one = Review(chromium, number=4, role=REVIEWER, review=hidden)
    one.press("x")
    one.saved()
    other = Review(chromium, role=REVIEWER, beside=one)
    other.press("h")
    while other.shown != one.ids[0]:
        other.press("j")
    other.page.wait_for_selector("#review-desk .history :text('Colleagues')")
    assert one.actor.name not in other.text(".desk")
    other.press("a")
    other.saved()
    other.press("k")
    other.page.wait_for_selector(f"#review-desk .history li:has-text('{one.actor.name} rejected')")
    shown = Review(chromium, number=4, role=REVIEWER, review=hidden | {"others_visible": True})
    shown.press("x")
    shown.saved()
    second = Review(chromium, role=REVIEWER, beside=shown)
    while second.shown != shown.ids[0]:
        second.press("j")
    second.sees(".others", f"{shown.actor.name} rejected")
