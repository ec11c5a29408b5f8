"""Gradio's queue waits for events: it takes each that is pushed, ends when it is closed, and still is the one copied."""

import asyncio
import hashlib
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import gradio as gr
import pytest
from gradio.queueing import Event, Queue

from app import gradio_queue
from tests.event_loops import run_alone


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("push", "close", "start_processing"):
        monkeypatch.setattr(Queue, name, getattr(Queue, name))  # put back afterwards


def in_loop(test: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """With the queue of a page that has one listener; a wait that nothing ends fails."""

    async def run() -> None:
        with gr.Blocks() as built:
            number = gr.Number()
            number.change(lambda given: given, number, number, concurrency_limit=2)
        gradio_queue.install(built._queue)
        built._queue.active_jobs = [None] * 3
        await asyncio.wait_for(test(built._queue), 60)

    run_alone(run())


def test_each_of_many_events_that_come_one_by_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    most = 0

    async def push(queue: Any, number: int) -> int:
        (function,) = queue.blocks.fns.values()
        queue.create_event_queue_for_fn(function)
        event: Any = Event("page", function, None, None)  # type: ignore[arg-type]
        event.data = number
        queue.event_queue_per_concurrency_id[event.concurrency_id].queue.append(event)
        return number

    async def test(queue: Any) -> None:
        async def process(events: list[Any], *_: object) -> None:
            nonlocal most
            of = queue.event_queue_per_concurrency_id[events[0].concurrency_id]
            most = max(most, of.current_concurrency)
            await asyncio.sleep(0.001)
            taken.append(events[0].data)
            queue.active_jobs[queue.active_jobs.index(events)] = None
            of.current_concurrency -= 1

        queue.process_events, queue.live_updates = process, False
        task = asyncio.create_task(queue.start_processing())
        for number in range(20):
            assert await queue.push(number) == number
            if number % 5 == 0:
                await asyncio.sleep(0.02)  # so that it waits again
        while len(taken) < 20:
            await asyncio.sleep(0.01)
        queue.close()
        await task

    monkeypatch.setattr(gradio_queue, "_push", push)
    in_loop(test)
    assert sorted(taken) == list(range(20))
    assert most == 2, "as many at once as the listener allows"


def test_a_queue_that_waits_ends_when_another_thread_closes_it() -> None:
    queues = []

    async def test(queue: Any) -> None:
        queues.append(queue)
        task = asyncio.create_task(queue.start_processing())
        await asyncio.sleep(0.05)
        assert not task.done()
        await asyncio.to_thread(queue.close)
        await task

    in_loop(test)
    queues[0].close()  # its loop has ended
    assert queues[0].stopped


def test_what_was_copied_is_still_gradio_s() -> None:
    """Where this fails, compare `app/gradio_queue.py` with Gradio's `Queue.start_processing`, then note its hash."""
    source = inspect.getsource(gradio_queue.COPIED)
    result = hashlib.sha256(source.encode()).hexdigest()
    assert result == "d65be5a5cbed97d75e13233ab7d0dfc9f347c4ffd33bdcb47293d696f38aaa1f"
