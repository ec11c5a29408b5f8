"""Where few may pass at a time: the rest waits without a thread of its own, and beyond a number is sent away."""

import os
from collections.abc import Callable
from typing import TypeVar

import anyio

from backend.errors import TooManyAttempts

T = TypeVar("T")


class Gate:
    """`at_once` calls run in threads that nobody else uses; `waiting` more wait, in order; the next is refused."""

    def __init__(self, at_once: int, waiting: int, *, what: str, retry_after: int) -> None:
        self._threads = anyio.CapacityLimiter(at_once)
        self._most, self._what, self._retry_after = at_once + waiting, what, retry_after
        self._inside = 0

    async def run(self, call: Callable[[], T]) -> T:
        """Return what the call returns; raises `TooManyAttempts` where too many wait already."""
        if self._inside >= self._most:
            raise TooManyAttempts(
                f"Many people are {self._what} at this moment. Try again in {self._retry_after} seconds.",
                retry_after=self._retry_after,
            )
        self._inside += 1
        try:
            return await anyio.to_thread.run_sync(call, limiter=self._threads)
        finally:
            self._inside -= 1


PASSWORDS_AT_ONCE = min(4, max(1, (os.cpu_count() or 2) // 2))
"""Comparing a password takes a core for some 30 ms: half of the cores are left to the pages."""
passwords = Gate(PASSWORDS_AT_ONCE, 300, what="signing in", retry_after=3)
provider = Gate(4, 40, what="signing in", retry_after=5)
"""The provider may take its time to answer."""
