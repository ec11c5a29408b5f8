"""What the desk says of blindness: how the round is reviewed, what counts as blind, and how the judge is measured."""

import pytest
from playwright.sync_api import expect

from backend.db import now, session, tables
from backend.services import questions
from backend.services.questions import NewQuestion
from tests.browser.desk import Review, empty
from tests.browser.settled import fits

__all__ = ["empty"]
pytestmark = pytest.mark.browser

SEEN = "You have seen the judge's view of this item: what you decide on it now does not count as blind."


@pytest.mark.parametrize("review", [{}, {"mode": "group"}])
def test_where_the_judge_was_seen_the_item_says_so_and_counts_as_not_blind(
    empty: None, chromium: object, review: dict[str, str]
) -> None:
    desk = Review(chromium, number=6, review=review)
    decide = ("1", "Enter") if review else ("x",)
    expect(desk.page.locator(".seeing")).to_have_text("blind")
    expect(desk.page.locator(".seen")).to_have_count(0)
    desk.press(*decide)
    desk.saved()
    expect(desk.page.locator(".seen")).to_have_count(0)
    desk.press("u")
    expect(desk.page.locator(".seen")).to_have_text(SEEN)
    desk.saved()
    desk.open()
    expect(desk.page.locator(".seen")).to_have_text(SEEN)
    desk.press(*decide)
    desk.saved()
    assert [row.is_blind for row in desk.written()] == [True, False, False]
    desk.press(*decide)
    desk.saved()
    assert desk.written()[-1].is_blind
    desk.press("k")
    expect(desk.page.locator(".seen")).to_have_text(SEEN)


@pytest.mark.parametrize(
    ("is_blind", "is_reopened", "mode", "words"),
    [
        (False, False, "sample", "judge shown"),
        (True, True, "group", "judge hidden"),
        (True, False, "judgment", None),
    ],
)
def test_the_badge_says_how_the_round_is_reviewed_and_claims_no_blindness(
    empty: None, chromium: object, is_blind: bool, is_reopened: bool, mode: str, words: str | None
) -> None:
    desk = Review(chromium, number=6, is_blind=is_blind, review={"mode": mode})
    if is_reopened:
        with session() as db:
            db.get_one(tables.Round, desk.round.id).reopened = {"at": now().isoformat(), "reason": "again"}
        desk.open()
    expect(desk.page.locator(".way")).to_be_visible()
    if words is None:
        expect(desk.page.locator(".seeing")).to_have_count(0)
    else:
        expect(desk.page.locator(".seeing")).to_have_text(words)
    expect(desk.page.locator(".seen")).to_have_count(0)
    expect(desk.page.locator(".advice")).to_be_hidden()


def test_draws_at_random_are_advised_while_they_are_few_and_the_order_has_others(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=60, width=400, review={"random_share": 0.1})
    words = "need at least 20 blind decisions on items drawn at random"
    expect(desk.page.locator(".advice")).to_contain_text(words)
    expect(desk.page.locator(".advice")).to_contain_text("by informativeness and by disagreement 10%")
    expect(desk.page.locator(".seeing")).to_be_visible()
    fits(desk.page)
    desk.page.get_by_label("Order").select_option("random")
    desk.has_item()
    expect(desk.page.locator(".advice")).to_be_hidden()
    desk.press(*["a"] * 20)
    desk.saved()
    desk.page.get_by_label("Order").select_option("sequential")
    desk.open()
    expect(desk.page.locator(".advice")).to_be_hidden()


def test_keys_of_questions_are_listed_where_the_project_asks_some(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=6)
    desk.press("q")
    expect(desk.page.locator("body")).to_contain_text("q means nothing here")
    for is_asked in (False, True):
        if is_asked:
            questions.add(desk.actor, desk.project.id, NewQuestion("Accuracy", key="accuracy"))
            desk.open()
        desk.press("?")
        expect(desk.page.locator("dialog.help")).to_contain_text("Accept")
        assert ("question" in desk.page.locator("dialog.help").inner_text()) is is_asked
        desk.press("Escape", "Control+k")
        assert ("question" in desk.page.locator("dialog.palette").inner_text()) is is_asked
        desk.press("Escape")


def test_what_follows_a_full_stop_begins_with_a_capital(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=6)
    for key, words in (("a", "The judge agrees"), ("a", "Differs from the judge")):
        desk.press(key)
        desk.saved()
        desk.sees(".revealed .title", f": You accepted. {words}")
