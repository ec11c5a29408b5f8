"""Requests in flight: coroutines in an event loop that has a thread of its own, so many at a time, whoever asks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from contextvars import ContextVar
from os import getpid
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from backend.errors import EngineError

T = TypeVar("T")
_is_over: ContextVar[asyncio.Event] = ContextVar("is_over")
"""Set once the requests that were made together with this one are given up."""


class RequestGivenUp(EngineError):
    """A request that was not made, or not made again, since those it belongs to are given up."""

    def __init__(self) -> None:
        super().__init__("It was given up: another request failed for good, or the job ends. Resume the job.")


class RequestsInFlight:
    """Runs coroutines for threads that wait for them. Of all that are asked for, `most` are under way at a time.

    Those that were asked for first begin first. One that waits to be made again keeps its place, so that a server
    which is at its limit is not asked more often.
    """

    def __init__(self, most: int) -> None:
        self._process = getpid()
        self._open = ExitStack()
        self._portal = self._open.enter_context(start_blocking_portal(name="requests"))
        self._places = asyncio.Semaphore(most)
        self._running: dict[asyncio.Event, list[asyncio.Task[object]]] = {}
        self._has_ended = False

    def close(self) -> None:
        """End the thread; what still runs is cancelled. In a process that was forked off there is none."""
        if getpid() == self._process:
            self._portal.call(self._portal.stop, True)
            self._open.close()

    def run(self, ask: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Return what a coroutine returns, or raise what it raises, whatever else is under way."""
        return self._here().call(ask, *arguments)

    def start(self, ask: Callable[..., Awaitable[T]], *arguments: object) -> Future[T]:
        """Begin what `run` does, and return at once."""
        return self._here().start_task_soon(ask, *arguments)

    def together(self, calls: Sequence[Callable[[], Awaitable[T]]], most: int | None = None) -> list[T | Exception]:
        """Return what each coroutine returned or raised, in order.

        After the first that raises, those that were not begun are not begun any more, and those that wait to be made
        again are not: each is `RequestGivenUp`. Those under way are waited for: what they take is counted.
        most: fewer at a time than all may be.
        """
        return self._here().call(self._together, calls, most)

    def give_up(self, *, at_once: bool = False) -> None:
        """Begin nothing more, for any thread. at_once: do not wait for what is under way either."""
        self._here().call(self._give_up, at_once)

    def _here(self) -> BlockingPortal:
        """The way into the event loop's thread; raises `EngineError` in a process that was forked off, which has
        none and would wait for ever."""
        if getpid() != self._process:
            raise EngineError(
                "The engine was opened by another process, which was forked since. Open it in the process that asks."
            )
        return self._portal

    async def _together(self, calls: Sequence[Callable[[], Awaitable[T]]], most: int | None) -> list[T | Exception]:
        if not calls:
            return []
        over = asyncio.Event()
        if self._has_ended:
            over.set()
        _is_over.set(over)  # tasks see it: each begins with a copy of this context
        places = self._places if most is None else asyncio.Semaphore(most)
        tasks = [asyncio.ensure_future(_in_turn(call, places)) for call in calls]
        self._running[over] = [*tasks]
        try:
            _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            over.set()
            if left:
                await asyncio.wait(left)
        finally:
            del self._running[over]
            for task in tasks:
                task.cancel()
        return [_came_of(task) for task in tasks]

    async def _give_up(self, at_once: bool) -> None:
        self._has_ended = True
        for over, tasks in self._running.items():
            over.set()
            for task in tasks if at_once else ():
                task.cancel()


async def _in_turn(call: Callable[[], Awaitable[T]], places: asyncio.Semaphore) -> T:
    async with places:
        check()
        return await call()


def _came_of(task: "asyncio.Task[T]") -> T | Exception:
    if task.cancelled():
        return RequestGivenUp()
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, Exception):
        return error
    raise error


def check() -> None:
    """Raise `RequestGivenUp` where the requests of this task are given up."""
    over = _is_over.get(None)
    if over is not None and over.is_set():
        raise RequestGivenUp


async def sleep(seconds: float) -> None:
    """Wait; raises `RequestGivenUp` as soon as the requests of this task are given up."""
    over = _is_over.get(None)
    if over is None:
        await asyncio.sleep(seconds)
        return
    try:
        await asyncio.wait_for(over.wait(), seconds)
    except TimeoutError:
        return
    raise RequestGivenUp
