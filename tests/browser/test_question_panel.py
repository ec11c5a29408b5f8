"""The project's own questions in an empty page: what keys and clicks give, and what stays where it is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.modules import empty_page

pytestmark = pytest.mark.browser

RATING = {"kind": "rating", "options": {"highest": 5, "labels": []}}
LABELS = {"kind": "labels", "options": {"highest": 5, "labels": ["warm", "cold"]}}
TEXT = {"kind": "text", "options": {"highest": 5, "labels": []}}
SPANS = LABELS | {"kind": "spans"}
OPEN = """
async ([questions, items]) => {
  const { Questions } = await import("/static/review/questions.js");
  const { Outbox } = await import("/static/review/outbox.js");
  const { Bindings, listen } = await import("/static/review/keys.js");
  const { Ledger } = await import("/static/review/ledger.js");
  const { Stopwatch } = await import("/static/review/stopwatch.js");
  const { Work } = await import("/static/review/work.js");
  const { dropStale } = await import("/static/review/question_acts.js");
  const body = '<article tabindex="-1"></article><p></p><div></div><button>Next</button>';
  document.body.replaceChildren(...new DOMParser().parseFromString(body, "text/html").body.childNodes);
  const [answer, facts, place] = document.body.children;
  Object.assign(window, { ran: [], hints: [], sent: [], pressed: 0, items, reply: (acts) => acts.map(() => ({})) });
  window.denied = (acts) => acts.map(() => ({ error: { type: "PermissionDenied", message: "" } }));
  document.querySelector("button").onclick = () => (window.pressed += 1);
  const work = new Work({ answer, work: place }, { item: () => desk.questions.entry, ended: () => {} });
  const desk = (window.desk = { work, ledger: new Ledger(), parts: { answer, facts } });
  desk.outbox = new Outbox("rondo.review.1.2", async (acts) => (sent.push(acts), window.reply(acts)), {
    sent: (act) => desk.questions.sent(act), refused: (act) => desk.questions.refused(act),
    held: () => dropStale(desk.outbox), withdrawn: () => {}, change: () => {},
  });
  desk.questions = new Questions({
    ...desk, questions, review: { me: 1, isOpen: true }, stopwatch: new Stopwatch(), items: () => items,
    status: { hint: (text) => hints.push(text), announce: () => {} }, given: () => {}, typed: () => {},
  });
  const action = (name, keys) => ({ name, keys, label: name, modes: ["sample"], is_changed: false });
  const actions = [action("accept", ["a"]), action("score_4", ["4"]), action("submit", ["Enter"])];
  listen(new Bindings(actions, "sample"), (name) => ran.push(name),
    { knows: () => true, missed: () => {}, leave: () => {} });
  window.show = (n) => { answer.textContent = items[n].text; desk.questions.show(items[n]); };
  window.show(0);
}
"""
AWAY = "() => { window.reply = () => new Promise((go) => (window.go = go)); }"
REFUSE = "go(sent.at(-1).map(() => ({ error: { type: 'Conflict', message: 'retired' } })))"
IDLE = "() => !desk.outbox.busy && !desk.outbox.size"
BUSY = "() => desk.outbox.busy && window.go"


@pytest.fixture(scope="module")
def module_page(chromium: Any) -> Iterator[Any]:
    result = empty_page(chromium)
    yield result
    result.context.close()


@pytest.fixture
def page(module_page: Any) -> Any:
    module_page.evaluate("localStorage.clear()")
    module_page.reload()
    return module_page


def open_desk(
    page: Any, *kinds: dict[str, Any], answers: dict[int, Any] | None = None, texts: Any = ("a", "b")
) -> None:
    questions = [
        {"id": n, "key": f"k{n}", "title": f"Q{n}", "help": "", "is_required": False, "is_active": True} | kind
        for n, kind in enumerate(kinds, 1)
    ]
    items = [{"sample_id": n, "text": text} for n, text in enumerate(texts, 1)]
    items[0]["answers"] = answers or {}
    page.evaluate(OPEN, [questions, items])


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def given(page: Any) -> list[Any]:
    """Sample, question and value of every answer the server got."""
    page.wait_for_function(IDLE)
    return page.evaluate("sent.flat().map((act) => [act.sample_id, act.question_id, act.value])")


@pytest.mark.parametrize(
    ("text", "shown", "part", "at", "place"),
    [
        ("banana", "banana", "ana", 3, 3),
        ("**banana**", "banana", "ana", 3, 5),
        ("[two](http://two) two", "two two", "two", 4, -1),
        ("two **b** two", "two b two", "two", 6, 10),
        ("cut **two** and two", "cut **two**Show all", "two", 6, 6),
        ("a *b* c", "a b c", "a b", 0, -1),
    ],
)
def test_a_place_is_where_it_stands_in_the_text_or_none(
    page: Any, text: str, shown: str, part: str, at: int, place: int
) -> None:
    script = "async (given) => (await import('/static/review/spans.js')).placeIn(...given)"
    assert page.evaluate(script, [text, shown, part, at]) == place


@pytest.mark.parametrize(
    ("key", "code", "shift", "digit"),
    [
        ("4", "Digit4", False, 4),
        ("4", "Numpad4", False, 4),
        ("&", "Digit1", False, 1),
        ("!", "Digit1", True, None),
        ("ArrowLeft", "Numpad4", False, None),
        ("Insert", "Numpad0", False, None),
        ("a", "KeyA", False, None),
    ],
)
def test_a_digit_is_what_the_press_types(page: Any, key: str, code: str, shift: bool, digit: int | None) -> None:
    script = "async (press) => (await import('/static/review/question_keys.js')).digitOf(press)"
    assert page.evaluate(script, {"key": key, "code": code, "shiftKey": shift}) == digit


def test_three_ratings_and_a_verdict_are_four_keys(page: Any) -> None:
    open_desk(page, RATING, RATING, RATING)
    page.evaluate("desk.questions.toggle()")
    press(page, "4", "3", "5", "a")
    assert given(page) == [[1, 1, {"rating": 4}], [1, 2, {"rating": 3}], [1, 3, {"rating": 5}]]
    assert page.evaluate("ran") == ["accept"]


def test_a_digit_too_many_decides_nothing_until_another_key(page: Any) -> None:
    open_desk(page, RATING, RATING, answers={1: {"rating": 2}})
    page.evaluate("desk.questions.toggle()")
    press(page, "4", "4", "4")
    assert page.evaluate("ran") == []
    assert given(page) == [[1, 2, {"rating": 4}]]
    press(page, "Escape", "4")
    assert page.evaluate("ran") == ["score_4"]


def test_what_is_typed_stays_where_another_item_is_refused(page: Any) -> None:
    open_desk(page, RATING, TEXT)
    page.evaluate(AWAY)
    page.evaluate("desk.questions.toggle()")
    press(page, "4")
    page.wait_for_function(BUSY)
    page.evaluate("show(1)")
    press(page, "ArrowDown")
    page.keyboard.type("a l")
    page.evaluate(REFUSE)
    page.wait_for_function(IDLE)
    page.keyboard.type("ax")
    assert page.locator("textarea").input_value() == "a lax"
    assert page.evaluate("ran") == []
    assert page.evaluate("items[0].answers") == {}


def test_a_refused_text_of_this_item_leaves_what_is_typed_since(page: Any) -> None:
    open_desk(page, TEXT)
    page.evaluate(AWAY)
    page.locator("textarea").fill("one")
    press(page, "Enter")
    page.wait_for_function(BUSY)
    page.locator("textarea").fill("two")
    page.evaluate(REFUSE)
    page.wait_for_function(IDLE)
    assert page.locator("textarea").input_value() == "two"
    assert page.evaluate("desk.questions.texts.count") == 1


def test_what_stood_before_is_shown_where_a_change_is_refused(page: Any) -> None:
    open_desk(page, RATING, answers={1: {"rating": 3}})
    for key in ("4", "Backspace"):
        page.evaluate(AWAY)
        page.evaluate("window.go = null; desk.questions.isOpen = true; desk.questions.open(0)")
        press(page, key)
        page.wait_for_function(BUSY)
        page.evaluate(REFUSE)
        page.wait_for_function(IDLE)
        assert page.evaluate("items[0].answers") == {"1": {"rating": 3}}
        assert page.locator("[aria-pressed=true]").text_content() == "3"


def test_a_text_is_given_by_whatever_leaves_its_field(page: Any) -> None:
    open_desk(page, TEXT, RATING, TEXT)
    first, second = page.locator("textarea").all()
    first.fill("one")
    page.get_by_role("group", name="Q2").get_by_role("button", name="5").click()
    second.fill("three")
    page.evaluate("show(1)")
    page.locator("textarea").first.fill("next")
    page.get_by_role("button", name="Next").click()
    assert given(page) == [
        [1, 1, {"text": "one"}],
        [1, 2, {"rating": 5}],
        [1, 3, {"text": "three"}],
        [2, 1, {"text": "next"}],
    ]
    assert page.evaluate("localStorage.length") == 0


def test_enter_leaves_an_optional_text_empty_and_hands_the_keys_back(page: Any) -> None:
    open_desk(page, TEXT, TEXT)
    page.evaluate("desk.questions.toggle()")
    press(page, "Enter", "Enter", "a", "4")
    assert page.evaluate("ran") == ["accept", "score_4"]
    assert given(page) == []
    assert page.evaluate("hints.at(-1)") == "No other question needs an answer: decide."
    open_desk(page, TEXT | {"is_required": True}, TEXT)
    page.evaluate("desk.questions.toggle()")
    press(page, "Enter", "Enter")
    assert page.evaluate("desk.questions.at") == 0


def test_after_a_refused_decision_what_is_required_leads_back_to_the_verdict(page: Any) -> None:
    required = RATING | {"is_required": True}
    open_desk(page, RATING, required, RATING, required)
    assert page.evaluate("desk.questions.stops('accept', items[0])")
    press(page, "4", "5", "4")
    assert given(page) == [[1, 2, {"rating": 4}], [1, 4, {"rating": 5}]]
    assert page.evaluate("hints.at(-1)") == "No other question needs an answer: decide."
    assert page.evaluate("ran") == ["score_4"]


def test_an_edit_that_waits_for_an_answer_gets_it(page: Any) -> None:
    open_desk(page, RATING | {"is_required": True}, TEXT)
    page.locator("textarea").fill("why")
    page.evaluate(
        """() => {
          const box = document.createElement("textarea");
          box.className = "edit";
          desk.work.begin([box], { inPlace: true });
          box.focus();
        }"""
    )
    assert page.evaluate("desk.questions.stops('edit', items[0])")
    press(page, "4", "Escape")
    assert not page.evaluate("desk.questions.stops('edit', items[0])")
    assert page.evaluate("document.activeElement.className") == "edit"
    assert given(page) == [[1, 2, {"text": "why"}], [1, 1, {"rating": 4}]]


def test_enter_presses_the_button_that_has_the_focus(page: Any) -> None:
    open_desk(page, LABELS, SPANS)
    page.evaluate("desk.questions.toggle()")
    page.get_by_role("button", name="Next").focus()
    press(page, "Enter", "Space")
    assert page.evaluate("pressed") == 2
    page.get_by_role("group", name="Q1").get_by_role("button", name="cold").focus()
    press(page, "Enter")
    assert given(page) == [[1, 1, {"labels": ["cold"]}]]
    # It is the same button still, and tells that it is pressed.
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    press(page, "Backspace")
    assert page.evaluate("hints") == ["Your answer to “Q1” is taken back."]


def test_the_focus_stays_among_the_places_when_one_is_taken_away(page: Any) -> None:
    spans = [{"start": n, "end": n + 1, "label": "warm"} for n in range(2)]
    open_desk(page, SPANS, answers={1: {"spans": spans}}, texts=("ab",))
    page.get_by_role("button", name="Take away: a").focus()
    press(page, "Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Take away: b"
    press(page, "Enter")
    assert page.evaluate("document.activeElement.className") == "own-question"


def test_undo_gives_the_answer_before(page: Any) -> None:
    open_desk(page, RATING, answers={1: {"rating": 3}})
    page.evaluate("desk.questions.toggle()")
    press(page, "4")
    assert given(page)[-1] == [1, 1, {"rating": 4}]
    page.evaluate("desk.questions.undo(desk.ledger.done.at(-1))")
    assert given(page)[-1] == [1, 1, {"rating": 3}]
    assert page.evaluate("desk.ledger.done") == []


def test_an_answer_that_was_held_does_not_come_after_a_later_one(page: Any) -> None:
    open_desk(page, RATING, RATING)
    page.evaluate("() => { window.answered = window.reply; window.reply = window.denied; }")
    page.evaluate("desk.questions.toggle()")
    press(page, "4", "4")
    page.wait_for_function("() => desk.outbox.held.length === 2")
    page.evaluate("() => { sent.length = 0; window.reply = window.answered; desk.questions.open(0); }")
    press(page, "5")
    assert given(page) == [[1, 1, {"rating": 5}]]
    page.evaluate("desk.outbox.release()")
    assert given(page) == [[1, 1, {"rating": 5}], [1, 2, {"rating": 4}]]
    assert page.evaluate("localStorage.length") == 0
