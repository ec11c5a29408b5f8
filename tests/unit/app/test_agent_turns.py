"""Whose calls wait: a person has three at a time, and those of others go on meanwhile."""

import threading

import anyio
import pytest

from app.agents import turns
from app.agents.turns import Turns
from backend.errors import TooManyAttempts
from backend.services.access import Actor
from tests.event_loops import run_alone

ANN, BOB = Actor(1, "Ann"), Actor(2, "Bob")


def test_one_person_holds_up_nobody_else() -> None:
    open_, inside = threading.Event(), threading.Semaphore(0)

    def call() -> str:
        inside.release()
        assert open_.wait(60)
        return "done"

    async def asking() -> tuple[int, str]:
        line, most = Turns(), turns.AT_ONCE_OF_ONE + turns.WAITING_OF_ONE
        async with anyio.create_task_group() as tasks:
            for _ in range(most):
                tasks.start_soon(line.run, ANN, call)
            for _ in range(turns.AT_ONCE_OF_ONE):
                assert await anyio.to_thread.run_sync(inside.acquire, True, 60)
            while line._people[ANN.user_id].inside < most:
                await anyio.sleep(0)
            with pytest.raises(TooManyAttempts, match="not done yet"):
                await line.run(ANN, call)
            answer = await line.run(BOB, lambda: "at once")
            begun = line._threads.borrowed_tokens
            open_.set()
        assert not line._people
        return begun, answer

    assert run_alone(asking()) == (turns.AT_ONCE_OF_ONE, "at once")


def test_a_person_asks_so_often_in_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "A_MINUTE_OF_ONE", 2)

    async def asking() -> list[str]:
        line, answers = Turns(), list[str]()
        for actor in (ANN, ANN, BOB, ANN):
            try:
                answers.append(await line.run(actor, lambda: "done"))
            except TooManyAttempts:
                answers.append("refused")
        return answers

    assert run_alone(asking()) == ["done", "done", "done", "refused"]
