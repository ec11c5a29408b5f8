"""A project's own questions in the review desk: by keys, through the outbox, and before the verdict."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.services import questions
from backend.services.access import Actor
from backend.services.questions import NewQuestion
from backend.values import DecisionKind, Role
from backend.values.questions import QuestionKind, QuestionOptions
from tests.browser.desk import HOSTILE, SEND, Review, empty
from tests.browser.settled import fits

__all__ = ["empty"]
pytestmark = pytest.mark.browser
K = DecisionKind
TEXTS = ["It is **two** 🙂 and two", "It is three and two"]
LABELS = QuestionOptions(labels=("warm", "cold", HOSTILE[:80]))
ASKED = (
    NewQuestion("Accuracy", key="accuracy", is_required=True),
    NewQuestion("Tone", QuestionKind.label, "tone", options=LABELS),
    NewQuestion("Faults", QuestionKind.labels, "faults", HOSTILE, LABELS),
    NewQuestion("Why", QuestionKind.text, "why"),
    NewQuestion("Where", QuestionKind.spans, "where", options=LABELS),
)
COUNT = "addEventListener('keydown', () => (sessionStorage.keys = 1 + Number(sessionStorage.keys || 0)), true)"
UNCOVERED = """() => {
  const place = (part) => document.querySelector(`#review-desk ${part}`).getBoundingClientRect();
  return place(".own-question.is-open").bottom <= place(".below").top;
}"""
SELECT = """(words) => {
  const root = document.querySelector('#review-desk .answer');
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.lastIndexOf(words);
    if (at >= 0) document.getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
  }
}"""


def answers(desk: Review) -> dict[tuple[int, int, str], Any]:
    """By sample, person and question what stands."""
    row, question = tables.Answer, tables.Question
    query = select(row.sample_id, row.user_id, question.key, row.value).join(question, question.id == row.question_id)
    with reading() as db:
        return {(n, who, key): value for n, who, key, value in db.execute(query.where(row.is_standing))}


def answer_all(desk: Review, rating: str, why: str) -> None:
    """Answer the five questions of the item on screen, of which the first is open."""
    desk.press(rating, "2", "1", "3", "Enter")
    desk.page.keyboard.type(why)
    desk.press("Enter")
    desk.page.evaluate(SELECT, "two")
    desk.press("1", "Enter")


def test_two_people_answer_five_questions_by_keys(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=TEXTS * 2, review={"num_reviewers_per_item": 2})
    for question in ASKED:
        questions.add(Actor(desk.actor.user_id, desk.actor.name), desk.project.id, question)
    desk.context.add_init_script(COUNT)
    desk.open()
    desk.press("a")
    desk.sees(".mine", "“Accuracy” needs an answer first")
    desk.press("Escape", "e")
    desk.sees_not(".mine", "Not sent")
    desk.sees(".mine", "“Accuracy” needs an answer first")
    desk.press("3", "u")
    desk.sees(".mine", "Your last answer is taken back")
    desk.saved()
    assert desk.decisions() == []
    assert not any(answers(desk).values())
    desk.page.evaluate("sessionStorage.clear()")
    answer_all(desk, "4", "a x")
    desk.sees(".mine", "All questions are answered")
    desk.press("a")
    desk.comes(desk.ids[1])
    # A key for each answer, one to end each that may be longer, and the verdict's.
    assert int(desk.page.evaluate("sessionStorage.keys")) == 1 + 1 + (2 + 1) + (len("a x") + 1) + (1 + 1) + 1
    # Nothing gets through, and the page is loaded anew: what was answered comes from this browser.
    desk.page.route(SEND, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    answer_all(desk, "2", "<b>")
    desk.sees(".unsaved", "unsaved")
    desk.page.unroute(SEND)
    desk.page.on("dialog", lambda dialog: dialog.accept())
    desk.page.reload()
    desk.comes(desk.ids[1])
    desk.saved()
    expect(desk.page.get_by_label("Why", exact=True)).to_have_value("<b>")
    expect(desk.page.get_by_role("group", name="Tone")).to_contain_text("answered")
    desk.press("x")
    desk.comes(desk.ids[2])
    desk.saved()
    other = Review(chromium, beside=desk, width=400, dark=True, role=Role.reviewer)
    other.press("q")
    fits(other.page)
    answer_all(other, "5", "fine")
    other.press("a")
    other.comes(desk.ids[1])
    other.saved()
    first, second, _ = desk.ids[:3]
    me, them = desk.actor.user_id, other.actor.user_id
    place = TEXTS[0].rindex("two")
    assert answers(desk) == {
        (sample, who, key): value
        for sample, who, rating, why in ((first, me, 4, "a x"), (second, me, 2, "<b>"), (first, them, 5, "fine"))
        for key, value in (
            ("accuracy", {"rating": rating}),
            ("tone", {"label": "cold"}),
            ("faults", {"labels": ["warm", LABELS.labels[2]]}),
            ("why", {"text": why}),
            (
                "where",
                {
                    "spans": [
                        {"start": place, "end": place + 3, "label": "warm"}
                        if sample == first
                        else {"start": 16, "end": 19, "label": "warm"}
                    ]
                },
            ),
        )
    }
    assert desk.decisions() == [(K.accept, first), (K.reject, second), (K.accept, first)]
    assert desk.errors == other.errors == []


def test_a_group_is_answered_and_decided_by_keys(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=6, n=3, texts=TEXTS[:1] * 6, review={"mode": "group"})
    for question in (ASKED[0], ASKED[4]):
        questions.add(desk.actor, desk.project.id, question)
    desk.open()
    desk.press("2")
    desk.shows(".mine", "Chosen: best 2. Answer “Accuracy” first (Q).")
    desk.press("Enter")
    desk.sees(".mine", "“Accuracy” needs an answer about sample 2 first")
    desk.press("4")
    desk.sees(".mine", "No other question needs an answer: decide.")
    desk.press("q")
    desk.page.evaluate(SELECT.replace(".answer'", ".column:nth-child(2) .body'"), "two")
    desk.press("1", "ArrowLeft")
    desk.sees(".questions", "About sample 1")
    desk.press("3", "Enter", "Shift+3")
    desk.sees(".mine", "best 2, worst 3")
    desk.press("Enter")
    desk.sees(".facts", f"Sample {desk.ids[3]} is the first")
    expect(desk.page.locator("#review-desk .questions")).to_be_hidden()
    # Where all are bad none is put first, and nothing is asked.
    desk.press("0")
    desk.saved()
    first, second, third = desk.ids[:3]
    place, me = TEXTS[0].rindex("two"), desk.actor.user_id
    assert answers(desk) == {
        (second, me, "accuracy"): {"rating": 4},
        (second, me, "where"): {"spans": [{"start": place, "end": place + 3, "label": "warm"}]},
        (first, me, "accuracy"): {"rating": 3},
        (first, me, "where"): {"spans": []},
    }
    assert [row.value for row in desk.written()] == [{"best": second, "worst": third}, {"all_bad": desk.ids[3:]}]
    desk.page.set_viewport_size({"width": 400, "height": 860})
    fits(desk.page)
    # What was decided last comes back where nothing is left, too.
    desk.press("u", "1", "Escape", "Enter")
    desk.sees(".mine", "“Accuracy” needs an answer about sample 1 first")
    desk.page.wait_for_function(UNCOVERED)
    assert desk.errors == []
