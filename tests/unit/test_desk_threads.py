"""Calls of the desk: what they return and raise comes back, and one round leaves threads to the others."""

import asyncio
from contextvars import ContextVar
from threading import Event, current_thread

import pytest

from app.api import desk_threads
from app.api.desk_threads import Threads, _turns, for_claims, for_decisions, run
from backend.config import Settings
from backend.errors import Busy
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


def test_where_one_thread_serves_all_rounds_a_call_whose_turn_does_not_come_is_refused_and_never_made() -> None:
    threads, may_end, begun = Threads("only", 1, of_a_round=1, patience=0.05), Event(), Event()
    late: list[int] = []

    def held() -> str:
        begun.set()
        assert may_end.wait(PATIENCE)
        return "done"

    async def ask() -> str:
        first = asyncio.create_task(run(threads, 1, held))
        try:
            assert await asyncio.to_thread(begun.wait, PATIENCE)
            for round_id in (1, 2):
                with pytest.raises(Busy):
                    await run(threads, round_id, late.append, round_id)
        finally:
            may_end.set()
        return await first

    assert run_alone(ask()) == "done"
    assert late == []
    assert _turns == {}


@pytest.mark.parametrize(
    ("url", "is_shared"), [("sqlite:////tmp/rondo.db", True), ("postgresql+psycopg://here/rondo", False)]
)
def test_claims_and_decisions_share_a_thread_where_there_is_one_writer(
    url: str, is_shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_threads, "settings", lambda: Settings(database_url=url))
    assert (for_claims() is for_decisions()) is is_shared
    assert (for_claims().number == 1) is is_shared
