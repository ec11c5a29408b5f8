"""Batches under way: while the slowest request of one is out, those of the next ones are made; all come back in order.

What is asked for and not yet written is bounded, and with it what a killed process has to ask for again.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from backend.engines import Engine
from backend.errors import Cancelled, DatabaseLost, RondoError
from backend.pipeline.split import Parts, SharedBatch

T = TypeVar("T")
AHEAD = 8
"""While so many times as many prompts as an endpoint takes at a time are asked for and not yet written, no batch is
begun; but some are always under way, however large they are."""
SPARING = 2
"""The same while other workers do batches of the stage, or may soon: what is begun here is none of theirs."""
LEAST_BATCHES, LEAST_SPARING = 4, 2
MOST_BATCHES = 16
"""Each batch that is under way has a thread."""
SENDING_SECONDS = 0.02
"""Once the server has as many requests as it takes, the next batch is begun so much later: reading its rows slows down
the threads that send, and the server would wait for those requests sooner than for the next ones."""


@dataclass(frozen=True)
class BatchWork(Generic[T]):
    """What is to be done of one batch: how many prompts or texts it asks about, and the asking itself."""

    size: int
    do: Callable[[], T]


class BatchWindow(Generic[T]):
    """The batches that this process does, each with what came of it, in order.

    `begin` says what is to be done of a batch, and is called in the caller's thread; the work itself is done in other
    threads where the engine is a server, up to the bounds above. Without such an engine one batch is done at a time,
    in the caller's thread.

    Use as a context manager. Where the block raises, what is under way is given up: what was sent to the server is
    waited for, since it is counted, where a batch failed or the block gave a reason to a person. It is not where the
    job was cancelled, or the rows could not be written.
    """

    def __init__(self, parts: Parts, begin: Callable[[SharedBatch], BatchWork[T]], engine: Engine | None) -> None:
        self._parts, self._begin, self._engine = parts, begin, engine
        self._window = engine.window if engine is not None else 0
        self._pool = ThreadPoolExecutor(MOST_BATCHES, "batches") if self._window else None
        self._open: deque[tuple[SharedBatch, int, Future[T]]] = deque()
        self._has_failed = False
        """Whether the work on a batch raised what ends the block."""
        parts.may_overlap = self._pool is not None

    def __enter__(self) -> "BatchWindow[T]":
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if self._pool is None:
            return
        try:
            if kind is not None and self._engine is not None:
                self._engine.give_up(at_once=not self._is_waited_for(kind))
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _is_waited_for(self, kind: type[BaseException]) -> bool:
        # Where the file of the database is gone, nothing that comes can be written or counted.
        if issubclass(kind, Cancelled | DatabaseLost) or not issubclass(kind, Exception):
            return False
        return self._has_failed or issubclass(kind, RondoError)

    def __iter__(self) -> Iterator[tuple[SharedBatch, T]]:
        parts = iter(self._parts)
        if self._pool is None:
            for part in parts:
                if part is not None:
                    yield part, self._begin(part).do()
            return
        is_last = False
        while not is_last or self._open:
            is_last = is_last or self._fill(parts, self._pool)
            if self._open:
                part, _, work = self._open.popleft()
                yield part, self._result(work)
                self._parts.finished(part)

    def _result(self, work: Future[T]) -> T:
        self._has_failed = True
        result = work.result()
        self._has_failed = False
        return result

    def _has_room(self) -> bool:
        asked = sum(size for _, size, _ in self._open)
        least, most = (LEAST_SPARING, SPARING) if self._parts.spares else (LEAST_BATCHES, AHEAD)
        return len(self._open) < least or (len(self._open) < MOST_BATCHES and asked < most * self._window)

    def _fill(self, parts: Iterator[SharedBatch | None], pool: ThreadPoolExecutor) -> bool:
        """Begin what there is room for; say whether nothing comes after it: nothing does once a batch failed."""
        while self._has_room():
            if any(work.done() and work.exception() for _, _, work in self._open):
                return True
            try:
                part = next(parts)
            except StopIteration:
                return True
            if part is None:
                return False
            work = self._begin(part)
            self._open.append((part, work.size, pool.submit(copy_context().run, work.do)))
            if sum(size for _, size, _ in self._open) >= self._window and self._has_room():
                wait([self._open[0][2]], SENDING_SECONDS)
        return False
