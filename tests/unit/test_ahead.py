"""Batches that are under way at a time: how many, in which order they come back, and what ends them."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backend.engines.scripted import Scripted
from backend.errors import Cancelled, DatabaseLost, EngineError
from backend.pipeline import ahead
from backend.pipeline.ahead import BatchWindow, BatchWork
from tests.waiting import until


class Numbers:
    """Parts that are numbers, as `Parts` gives them; None where those under way have to end first."""

    def __init__(self, numbers: list[int | None]) -> None:
        self.numbers = numbers
        self.may_overlap = self.spares = False
        self.open: list[int] = []
        self.ended: list[int] = []

    def __iter__(self) -> Iterator[int | None]:
        for number in self.numbers:
            if number is None:
                while self.open:
                    yield None
            else:
                self.open.append(number)
                yield number

    def finished(self, number: int) -> None:
        self.open.remove(number)
        self.ended.append(number)


class Served(Scripted):
    """Takes two requests at a time, and notes how it was given up."""

    @property
    def window(self) -> int:
        return 2

    def give_up(self, *, at_once: bool) -> None:
        given_up.append(at_once)


given_up: list[bool] = []


@pytest.fixture(autouse=True)
def forgets() -> None:
    given_up.clear()


def window(parts: Numbers, begin: Callable[[Any], BatchWork[Any]], engine: Any = Served(rules=())) -> BatchWindow[Any]:  # noqa: B008
    return BatchWindow(parts, begin, engine)  # type: ignore[arg-type]


def test_batches_behind_a_slow_one_are_made_up_to_the_bound_and_come_back_in_order() -> None:
    free, done = threading.Event(), list[int]()

    def make(number: int) -> str:
        assert number or free.wait(120)
        done.append(number)
        return f"batch {number}"

    # 8 times 2 requests: four batches of 5 are begun, and no fifth while 20 prompts are asked for.
    parts = Numbers(list(range(8)))
    with window(parts, lambda n: BatchWork(5, lambda: make(n))) as result:
        came = []
        for number, text in _freeing(result, lambda: until(lambda: sorted(done) == [1, 2, 3]), free):
            assert text == f"batch {number}"
            assert parts.ended == came
            came.append(number)
    assert came == parts.ended == list(range(8))
    assert given_up == []


def _freeing(result: BatchWindow[Any], reached: Callable[[], object], free: threading.Event) -> Iterator[Any]:
    """The window's batches; the slow one is let go by another thread, once what is `reached` is."""

    def let_go() -> None:
        reached()
        free.set()

    helper = threading.Thread(target=let_go)
    helper.start()
    yield from result
    helper.join()


@pytest.mark.parametrize(
    ("size", "spares", "most"),
    [(100, False, 4), (100, True, 2), (0, False, ahead.MOST_BATCHES), (1, False, 16), (1, True, 4)],
)
def test_some_are_ahead_however_large_and_others_are_left_some(size: int, spares: bool, most: int) -> None:
    begun: list[int] = []

    def begin(number: int) -> BatchWork[int]:
        begun.append(number)
        return BatchWork(size, lambda: number)

    parts = Numbers(list(range(40)))
    parts.spares = spares
    with window(parts, begin) as result:
        assert [len(begun) - place for place, _ in enumerate(result)][: 40 - most] == [most] * (40 - most)


def test_what_the_server_can_take_is_sent_before_the_next_batch_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SENDING_SECONDS", 60)
    next_begun = threading.Event()

    def begin(number: int) -> BatchWork[bool]:
        if number == 2:
            next_begun.set()
        # Two batches of one prompt are what the server takes.
        return BatchWork(1, lambda: number == 0 and next_begun.wait(0.5))

    with window(Numbers(list(range(4))), begin) as result:
        assert [was_begun for _, was_begun in result] == [False] * 4


def test_without_a_server_one_batch_is_made_at_a_time_in_the_callers_thread() -> None:
    begun: list[int] = []

    def begin(number: int) -> BatchWork[int]:
        begun.append(number)
        return BatchWork(1, threading.get_ident)

    parts = Numbers([0, 1, 2])
    for engine in (None, Scripted(rules=())):
        begun.clear()
        with window(parts, begin, engine) as result:
            assert [(number, thread, [*begun]) for number, thread in result] == [
                (n, threading.get_ident(), list(range(n + 1))) for n in range(3)
            ]
        assert not parts.may_overlap


def test_what_is_under_way_ends_before_more_is_waited_for() -> None:
    parts = Numbers([0, 1, None, 2])
    with window(parts, lambda n: BatchWork(1, lambda: n)) as result:
        assert [(number, [*parts.open]) for number, _ in result] == [(0, [0, 1]), (1, [1]), (2, [2])]


def test_an_error_waits_for_the_batches_before_it_and_gives_up_those_behind() -> None:
    def make(number: int) -> int:
        if number == 2:
            raise EngineError("The server is gone. Start it.")
        return number

    parts = Numbers([0, 1, 2, 3])
    with pytest.raises(EngineError, match="gone"), window(parts, lambda n: BatchWork(1, lambda: make(n))) as result:
        for _ in result:
            pass
    assert parts.ended == [0, 1]
    assert given_up == [False]
    with pytest.raises(Cancelled), window(Numbers([0, 1]), lambda n: BatchWork(1, lambda: n)) as result:
        fails(result, Cancelled("Somebody stopped it."))
    assert given_up == [False, True]


def test_nothing_is_begun_once_a_batch_failed() -> None:
    begun, failed = list[int](), threading.Event()

    def begin(number: int) -> BatchWork[int]:
        begun.append(number)
        return BatchWork(100, lambda: make(number))

    def make(number: int) -> int:
        if number == 3:
            failed.set()
            raise EngineError("The server is gone. Start it.")
        return number

    def take_all(outcome: BatchWindow[Any]) -> None:
        for _ in outcome:
            # Four are begun at first, of which the last one fails.
            assert failed.wait(120)
            until(lambda: outcome._open[-1][2].done(), "the failure is known")

    with pytest.raises(EngineError, match="gone"), window(Numbers(list(range(9))), begin) as result:
        take_all(result)
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("error", "at_once"),
    [(OSError("disk full"), True), (DatabaseLost("It is gone."), True), (EngineError("It is bad."), False)],
)
def test_an_error_of_the_writer_waits_for_no_request(error: Exception, at_once: bool) -> None:
    with pytest.raises(type(error)), window(Numbers([0, 1]), lambda n: BatchWork(1, lambda: n)) as result:
        fails(result, error)
    assert given_up == [at_once]


def test_an_error_within_a_batch_waits_for_requests_and_the_threads_end_however_giving_up_goes() -> None:
    class Stubborn(Served):
        def give_up(self, *, at_once: bool) -> None:
            super().give_up(at_once=at_once)
            raise EngineError("It is not open.")

    novelty = window(Numbers([0, 1]), lambda n: BatchWork(1, lambda: [][n]), Stubborn(rules=()))
    with pytest.raises(EngineError, match="not open"), novelty:
        next(iter(novelty))
    assert given_up == [False]
    with pytest.raises(RuntimeError, match="shutdown"):
        novelty._pool.submit(int)  # type: ignore[union-attr]


def fails(result: BatchWindow[Any], error: Exception) -> None:
    next(iter(result))
    raise error
