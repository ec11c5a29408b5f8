"""The items of the review desk in the order they come: what is fetched ahead, and what is given back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.modules import empty_page

pytestmark = pytest.mark.browser

MAKE = """
async (answers) => {
  const { Queue } = await import("/static/review/queue.js");
  window.asked = [];
  window.dropped = [];
  window.changes = 0;
  const fetch = async (wanted) => {
    asked.push(wanted);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === "late") return new Promise((resolve) => (window.answerLate = resolve));
    return answer === "nothing" ? undefined : answer;
  };
  window.queue = new Queue(fetch, { onChange: () => (changes += 1), onDrop: (ids) => dropped.push(ids), most: 200 });
}
"""
IDS = "queue.items.map(({ sample_id }) => sample_id)"


def items(*ids: int, mine: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    return [{"sample_id": id_, "mine": {"kind": "accept"} if id_ in mine else None} for id_ in ids]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    result = empty_page(chromium)
    yield result
    result.context.close()


def test_items_come_in_order_and_once(page: Any) -> None:
    page.evaluate(MAKE, [items(5, 3), items(3, 9)])
    page.evaluate("queue.fill()")
    page.evaluate("queue.fill()")
    assert page.evaluate(IDS) == [5, 3, 9]
    assert page.evaluate("asked.map(({ held }) => held)") == [[], [5, 3]]
    assert page.evaluate("queue.current.sample_id") == 5


def test_where_nothing_new_comes_no_more_is_asked_until_it_is_woken(page: Any) -> None:
    page.evaluate(MAKE, [items(1), items(), items(2)])
    page.evaluate("queue.fill()")
    page.evaluate("queue.fill()")
    page.evaluate("queue.fill()")
    assert page.evaluate("[asked.length, queue.isDry]") == [2, True]
    page.evaluate("queue.wake()")
    page.wait_for_function("queue.items.length === 2")


def test_who_has_decided_all_that_is_asked_of_them_is_told_once(page: Any) -> None:
    over = {"error": {"type": "Conflict", "message": "That is all."}}
    page.evaluate(MAKE, [items(1), items(), over])
    page.evaluate("queue.fill()")
    page.evaluate("queue.next()")
    page.evaluate("queue.fill()")
    page.evaluate("queue.ended()")
    page.wait_for_function("queue.isOver && !queue.isLost && queue.problem === 'That is all.'")
    page.evaluate("queue.wake()")
    page.evaluate("queue.ended()")
    assert page.evaluate("asked.length") == 3


def test_whoever_is_fast_has_more_ahead(page: Any) -> None:
    page.evaluate(MAKE, [items()])
    assert page.evaluate("queue.wanted") == 40
    # Six moves, so five items: two a second, then one in four seconds, then far too many.
    assert page.evaluate("queue.moves = [0, 500, 1000, 1500, 2000, 2500], queue.wanted") == 40
    assert page.evaluate("queue.moves = [0, 4000, 8000, 12000, 16000, 20000], queue.wanted") == 10
    assert page.evaluate("queue.moves = [0, 10, 20, 30, 40, 50], queue.wanted") == 200


def test_another_order_keeps_what_was_decided_and_gives_the_rest_back(page: Any) -> None:
    page.evaluate(MAKE, [items(1, 2, 3, mine=(1,)), items(4, 2)])
    page.evaluate("queue.fill()")
    page.evaluate("queue.restart()")
    assert page.evaluate(IDS) == [1, 4, 2]
    assert page.evaluate("queue.current.sample_id") == 4
    # Item 2 came again, so it is still wanted.
    assert page.evaluate("dropped") == [[3]]


def test_an_answer_to_the_order_before_is_given_back(page: Any) -> None:
    page.evaluate(MAKE, ["late", items(7)])
    page.evaluate("void queue.fill()")
    page.evaluate("queue.restart()")
    page.evaluate("(answer) => answerLate(answer)", items(1, 7))
    page.wait_for_function("dropped.length > 0")
    assert page.evaluate(IDS) == [7]
    assert page.evaluate("dropped") == [[1]]


def test_items_that_others_have_leave_what_is_ahead_only(page: Any) -> None:
    page.evaluate(MAKE, [items(1, 2, 3, 4, mine=(4,))])
    page.evaluate("queue.fill()")
    page.evaluate("queue.drop([1, 2, 4])")
    assert page.evaluate(IDS) == [1, 3, 4]


def test_an_item_is_put_on_screen_or_after_it(page: Any) -> None:
    page.evaluate(MAKE, [items(1, 2)])
    page.evaluate("queue.fill()")
    page.evaluate("queue.insert({ sample_id: 8 })")
    assert page.evaluate("queue.current.sample_id") == 8
    page.evaluate("queue.insert({ sample_id: 9 }, { isNext: true })")
    assert page.evaluate(IDS) == [8, 9, 1, 2]
    page.evaluate("queue.insert({ sample_id: 2 })")
    assert page.evaluate("[queue.at, queue.items.length]") == [3, 4]


def test_moves_stop_at_both_ends(page: Any) -> None:
    page.evaluate(MAKE, [items(1, 2), items()])
    page.evaluate("queue.fill()")
    assert page.evaluate("queue.previous(), queue.at") == 0
    assert page.evaluate("queue.next(), queue.next(), queue.next(), [queue.at, queue.current ?? null]") == [2, None]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [("nothing", ""), ({"error": {"type": "PermissionDenied", "message": "You left."}}, "You left.")],
)
def test_a_failed_answer_is_told_and_asked_for_again(page: Any, answer: Any, problem: str) -> None:
    page.evaluate(MAKE, [answer, items(1)])
    # In one go: after a while it asks again by itself.
    assert page.evaluate("queue.fill().then(() => [queue.isLost, queue.problem, changes])") == [True, problem, 1]
    page.wait_for_function("queue.items.length === 1")
    assert page.evaluate("[queue.isLost, queue.problem]") == [False, ""]
