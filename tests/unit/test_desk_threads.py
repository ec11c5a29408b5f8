"""Calls of the desk: what they return and raise comes back, and one round leaves threads to the others."""

import asyncio
from contextvars import ContextVar
from threading import Event, current_thread

import pytest

from app.api.desk_threads import Threads, _turns, run
from tests.event_loops import run_alone
from tests.waiting import PATIENCE

WHO: ContextVar[str] = ContextVar("who")


def test_a_call_knows_who_asks_and_raises_what_it_raises() -> None:
    threads = Threads("some", 1, of_a_round=1)

    async def ask() -> str:
        WHO.set("ann")
        with pytest.raises(ZeroDivisionError):
            await run(threads, 1, lambda: 1 // 0)
        assert await run(threads, 1, lambda: current_thread().daemon), "no process waits for it to end"
        return await run(threads, 1, lambda name: name + WHO.get(), "I am ")

    assert run_alone(ask()) == "I am ann"
    assert _turns == {}


def test_a_round_that_waits_leaves_threads_to_others() -> None:
    threads, may_end = Threads("some", 3, of_a_round=2), Event()
    begun: list[int] = []

    def held(number: int) -> int:
        begun.append(number)
        assert may_end.wait(PATIENCE)
        return number

    async def ask() -> list[int]:
        waiting = [asyncio.create_task(run(threads, 1, held, number)) for number in range(5)]
        try:
            assert await run(threads, 2, lambda: "decided") == "decided"
            assert await run(threads, 2, lambda: sorted(begun)) in ([], [0], [0, 1])
        finally:
            may_end.set()
        return await asyncio.gather(*waiting)

    assert run_alone(ask()) == [0, 1, 2, 3, 4]
    assert _turns == {}
