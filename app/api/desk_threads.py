"""The few threads in which items are claimed and decisions written.

A thread builds its statements once (backend/db/built.py), which takes longer than many decisions, and a thread that
rests for a while ends where all requests share them. Python runs one thread at a time: with more of them each waits
longer, and holds what others wait for meanwhile.

On PostgreSQL a thread has a connection and may wait in it for what somebody does with a whole round: a bulk action, a
removal, other settings of its review. So one round never has them all, and all together never all connections
(backend/db/session.py): others sign in and keep what they reserved meanwhile. Where two rounds are held at once, the
others may wait.

On SQLite one thread does both. There is one writer for all rounds, so that nothing is gained by more: threads that want
it at once rest in between for other processes (backend/db/turns.py), and give Python to one another at each statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

from backend.config import settings
from backend.db.turns import WAIT_SECONDS
from backend.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """So many threads, and at most so many at once for one round. A process that ends waits for none of them.

    `patience`: how many seconds a call may wait for its turn; None: as long as it takes.
    """

    def __init__(self, name: str, number: int, of_a_round: int, *, patience: float | None = None) -> None:
        self.name, self.number, self.of_a_round, self.patience = name, number, of_a_round, patience
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._begun, self._lock = 0, Lock()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """What will come of the call; who comes first is served first."""
        future: Future[T] = Future()
        self._calls.put(lambda: _settle(future, call))
        with self._lock:
            if self._begun < self.number:
                self._begun += 1
                Thread(target=self._work, name=f"{self.name}-{self._begun}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            self._calls.get()()


_on_sqlite = Threads("desk", 1, of_a_round=1, patience=WAIT_SECONDS)
"""While another process writes, each call waits as long for it: those behind are told so, and do not wait in line."""
_claims = Threads("claims", 4, of_a_round=3)
"""Claims of a round follow one another on PostgreSQL: more of them at once would find the same items, and wait."""
_decisions = Threads("decisions", 6, of_a_round=4)
"""No decision waits for a thread that claims. Of what is not reserved one may wait for the claim itself."""


def for_claims() -> Threads:
    """The threads in which items of the database in use are claimed."""
    return _on_sqlite if settings().url.startswith("sqlite") else _claims


def for_decisions() -> Threads:
    """The threads in which decisions are written to the database in use."""
    return _on_sqlite if settings().url.startswith("sqlite") else _decisions


@dataclass
class _Turns:
    """The threads of one round, or the only one of all rounds, and how many want one or have one."""

    free: asyncio.Semaphore
    wanted: int = 0


_turns: dict[Any, _Turns] = {}


async def run(threads: Threads, round_id: int, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the call for this round returns, or raise what it raises; who comes first is served first.

    Raises `Busy` where the turn does not come within the threads' patience; nothing was called.
    """
    context = copy_context()
    key = asyncio.get_running_loop(), threads, round_id if threads.number > 1 else None
    turns = _turns.setdefault(key, _Turns(asyncio.Semaphore(threads.of_a_round)))
    turns.wanted += 1
    try:
        async with _turn(turns.free, threads.patience):
            return await asyncio.wrap_future(threads.submit(lambda: context.run(call, *args, **kwargs)))
    finally:
        turns.wanted -= 1
        if not turns.wanted:
            del _turns[key]


@asynccontextmanager
async def _turn(free: asyncio.Semaphore, patience: float | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience):
            await free.acquire()
    except TimeoutError:
        raise Busy() from None
    try:
        yield
    finally:
        free.release()


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # it is raised where the call is waited for
        future.set_exception(error)
