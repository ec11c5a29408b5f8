"""The outbox of the review desk: what is sent, in which order, and what stays in the browser until it is confirmed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.modules import empty_page

pytestmark = pytest.mark.browser

MAKE = """
async (answers) => {
  const { Outbox } = await import("/static/review/outbox.js");
  window.sent = [];
  window.heard = [];
  window.answers = answers || [];
  const send = async (acts) => {
    sent.push(acts.map(({ client_id }) => client_id));
    const answer = window.answers.length > 1 ? window.answers.shift() : window.answers[0];
    if (answer === "nothing") return undefined;
    if (answer === "thrown") throw new Error("the network is away");
    return answer || acts.map(() => ({}));
  };
  const name = (what) => (...given) => heard.push([what, given[0].client_id ?? given[0].type, given[1]?.type ?? null]);
  window.outbox = new Outbox("rondo.review.1.2", send, {
    sent: name("sent"), refused: name("refused"), held: name("held"), withdrawn: name("withdrawn"), change: () => {},
  });
}
"""
PUSH = "(ids) => ids.forEach((id) => outbox.push({ client_id: id, kind: 'accept' }))"
STORED = "() => Object.keys(localStorage).sort().map((name) => name.split('.').pop())"


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    result = empty_page(chromium)
    yield result
    result.context.close()


def acts_sent(page: Any, count: int) -> list[list[str]]:
    """The ids of each sending, once so many acts were sent."""
    page.wait_for_function("(count) => sent.flat().length >= count && !outbox.busy", arg=count)
    return page.evaluate("sent")


def test_acts_are_sent_in_order_and_forgotten_once_confirmed(page: Any) -> None:
    page.evaluate(MAKE, None)
    # In one go: they are sent once the next frame is painted.
    assert page.evaluate(f"(ids) => {{ ({PUSH})(ids); return ({STORED})(); }}", ["a", "b", "c"]) == ["a", "b", "c"]
    assert [id_ for each in acts_sent(page, 3) for id_ in each] == ["a", "b", "c"]
    assert page.evaluate(STORED) == []
    assert page.evaluate("heard") == [["sent", "a", None], ["sent", "b", None], ["sent", "c", None]]


def test_no_more_than_25_are_sent_at_once(page: Any) -> None:
    page.evaluate(MAKE, None)
    ids = [f"{n:02}" for n in range(60)]
    page.evaluate(PUSH, ids)
    sent = acts_sent(page, 60)
    assert [len(each) for each in sent] == [25, 25, 10]
    assert [id_ for each in sent for id_ in each] == ids


@pytest.mark.parametrize("failure", ["nothing", "thrown", {"error": {"type": "Busy", "message": "Busy."}}])
def test_what_was_not_confirmed_is_sent_again_with_the_same_ids(page: Any, failure: Any) -> None:
    page.evaluate(MAKE, [failure, None])
    page.evaluate(PUSH, ["a", "b"])
    assert acts_sent(page, 4) == [["a", "b"], ["a", "b"]]
    assert page.evaluate(STORED) == []


def test_a_busy_server_is_asked_again_when_it_said(page: Any) -> None:
    page.evaluate(MAKE, [{"error": {"type": "Busy", "message": "Busy.", "retry_after": 30}}])
    page.evaluate(PUSH, ["a"])
    acts_sent(page, 1)
    assert page.evaluate("[outbox.wait, outbox.retryAt > Date.now()]") == [30_000, True]


def test_waits_for_a_silent_server_double_up_to_fifteen_seconds(page: Any) -> None:
    page.evaluate(MAKE, ["nothing"])
    waits = page.evaluate("Array.from({ length: 7 }, () => (outbox.settle([], undefined), outbox.wait))")
    assert waits == [500, 1000, 2000, 4000, 8000, 15000, 15000]


def test_unsent_acts_outlive_a_reload(page: Any) -> None:
    page.evaluate(MAKE, ["nothing"])
    page.evaluate(PUSH, ["a", "b"])
    acts_sent(page, 2)
    page.reload()
    page.evaluate(MAKE, None)
    page.evaluate("outbox.flush()")
    assert acts_sent(page, 2) == [["a", "b"]]


def test_acts_of_another_round_are_left_alone(page: Any) -> None:
    page.evaluate("localStorage.setItem('rondo.review.1.3.000000000000001.000001.x', '{\"client_id\": \"x\"}')")
    page.evaluate(MAKE, None)
    assert page.evaluate("outbox.size") == 0
    assert page.evaluate(STORED) == ["x"]


def test_a_refused_act_is_gone_and_holds_up_no_other(page: Any) -> None:
    page.evaluate(MAKE, [[{"error": {"type": "Conflict", "message": "Decided."}}, {}]])
    page.evaluate(PUSH, ["a", "b"])
    acts_sent(page, 2)
    assert page.evaluate("heard") == [["refused", "a", "Conflict"], ["sent", "b", None]]
    assert page.evaluate(STORED) == []


def test_what_may_not_be_written_now_is_kept_until_it_is_released(page: Any) -> None:
    denied = {"error": {"type": "PermissionDenied", "message": "You may not."}}
    page.evaluate(MAKE, [denied, [{}]])
    page.evaluate(PUSH, ["a"])
    acts_sent(page, 1)
    assert page.evaluate("[outbox.size, outbox.held.length]") == [0, 1]
    assert page.evaluate(STORED) == ["a"]
    page.evaluate("outbox.release()")
    assert acts_sent(page, 2) == [["a"], ["a"]]
    assert page.evaluate(STORED) == []


def test_what_is_given_up_is_returned_and_forgotten(page: Any) -> None:
    page.evaluate(MAKE, [{"error": {"type": "NotFound", "message": "No such round."}}])
    page.evaluate(PUSH, ["a"])
    acts_sent(page, 1)
    assert page.evaluate("outbox.giveUp().map(({ act }) => act.client_id)") == ["a"]
    assert page.evaluate("outbox.held.length") == 0
    assert page.evaluate(STORED) == []


def test_an_undo_of_a_held_act_withdraws_it(page: Any) -> None:
    page.evaluate(MAKE, [{"error": {"type": "PermissionDenied", "message": "You may not."}}])
    page.evaluate(PUSH, ["a"])
    acts_sent(page, 1)
    page.evaluate("outbox.push({ client_id: 'undo', kind: 'retract', retracts: 'a' })")
    acts_sent(page, 2)
    assert page.evaluate("heard.at(-1)") == ["withdrawn", "undo", None]
    assert page.evaluate(STORED) == []


def test_the_act_that_makes_the_server_fail_is_found_and_kept(page: Any) -> None:
    page.evaluate(MAKE, None)
    page.evaluate("""() => void (outbox.send = async (acts) => {
      sent.push(acts.map(({ client_id }) => client_id));
      const failed = acts.some(({ client_id }) => client_id === "b");
      return failed ? { error: { type: "InternalError", message: "Failed." } } : acts.map(() => ({}));
    })""")
    page.evaluate(PUSH, ["a", "b", "c"])
    page.wait_for_function("outbox.held.length === 1 && !outbox.size && !outbox.busy")
    assert page.evaluate("sent") == [["a", "b", "c"], ["a"], ["b", "c"], ["b"], ["b"], ["b"], ["c"]]
    assert page.evaluate(STORED) == ["b"]


def test_whoever_is_signed_out_keeps_everything(page: Any) -> None:
    page.evaluate(MAKE, [{"error": {"type": "NotSignedIn", "message": "You are signed out."}}])
    page.evaluate(PUSH, ["a"])
    acts_sent(page, 1)
    assert page.evaluate("[outbox.isSignedOut, outbox.whySignedOut, outbox.size]") == [True, "You are signed out.", 1]
    assert page.evaluate(STORED) == ["a"]


def test_acts_are_sent_where_the_browser_stores_nothing(page: Any) -> None:
    page.evaluate(MAKE, None)
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    page.evaluate(PUSH, ["a"])
    assert acts_sent(page, 1) == [["a"]]
