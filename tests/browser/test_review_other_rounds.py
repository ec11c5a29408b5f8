"""Decisions that wait in this browser for a round that is not on the desk."""

import pytest
from playwright.sync_api import expect

from backend.db import session, tables
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows
from tests.browser.desk import RECIPE, SEND, SHOWN, Review, empty, is_sending, sign_in
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
LINE = "#review-desk .other-rounds"
EMPTY = "#review-desk .rondo-empty"


def leave_unsaved(desk: Review, *keys: str) -> None:
    """Decide while the server is away, and close the tab."""
    desk.page.route(SEND, lambda route: route.abort() if is_sending(route) else route.continue_())
    desk.press(*keys)
    desk.page.wait_for_selector(f"#review-desk .unsaved:text('{len(keys)} unsaved – the server does not answer')")
    desk.page.close()
    desk.page = desk.context.new_page()


def next_round(desk: Review) -> tables.Round:
    made = rows.make_round(desk.project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True, recipe=RECIPE)
    rows.make_samples(made, rows.make_prompt_set(desk.project), scores=[5.0, 1.0], threshold=4.0)
    return made


def visit(desk: Review, waits_for: str = SHOWN) -> None:
    """Open Review as its link does: the newest round in review."""
    desk.page.goto(f"{site.address()}/review")
    desk.page.wait_for_selector(waits_for)


def test_decisions_of_another_round_are_named_and_sent_once_it_is_opened(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    leave_unsaved(desk, "a", "x", "a")
    newest = next_round(desk)
    visit(desk)
    expect(desk.page.get_by_label("Round")).to_have_value(str(newest.id))
    line = f"3 decisions in round {desk.round.number} are not saved yet. Open that round to send them"
    expect(desk.page.locator(LINE)).to_have_text(line)
    desk.press("s")
    desk.saved()
    expect(desk.page.locator(LINE)).to_have_text(line)
    desk.page.get_by_role("link", name="Open that round").click()
    expect(desk.page.get_by_label("Round")).to_have_value(str(desk.round.id))
    desk.saved()
    expect(desk.page.locator(LINE)).to_be_hidden()
    assert desk.decisions() == [(K.accept, desk.ids[0]), (K.reject, desk.ids[1]), (K.accept, desk.ids[2])]
    visit(desk)
    expect(desk.page.locator(LINE)).to_be_hidden()
    assert desk.errors == []


def test_decisions_of_another_person_are_not_named(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    leave_unsaved(desk, "a")
    next_round(desk)
    sign_in(desk.context, rows.make_actor(desk.project, Role.reviewer))
    visit(desk)
    expect(desk.page.locator(LINE)).to_be_hidden()


def test_a_page_without_a_desk_names_what_is_not_saved_too(empty: None, chromium: object) -> None:
    desk = Review(chromium, role=Role.reviewer)
    leave_unsaved(desk, "a")
    with session() as db:
        db.get_one(tables.Membership, (desk.project.id, desk.actor.user_id)).role = Role.viewer
    visit(desk, EMPTY)
    expect(desk.page.locator(LINE)).to_contain_text(f"1 decision in round {desk.round.number} is not saved yet.")


def test_what_a_deleted_round_left_behind_can_be_given_up(empty: None, chromium: object) -> None:
    desk = Review(chromium)
    leave_unsaved(desk, "a")
    with session() as db:
        db.delete(db.get_one(tables.Round, desk.round.id))
    visit(desk, EMPTY)
    expect(desk.page.locator(LINE)).to_contain_text("or in one that was deleted")
    desk.page.get_by_role("button", name="Give it up").click()
    expect(desk.page.locator(LINE)).to_be_hidden()
    visit(desk, EMPTY)
    expect(desk.page.locator(LINE)).to_be_hidden()
