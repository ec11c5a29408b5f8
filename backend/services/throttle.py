"""Slow down guessing. Counted in the memory of the one web process: a restart forgets, and that is accepted."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from backend.errors import TooManyAttempts


@dataclass
class Throttle:
    """At most `limit` failures of one key within `seconds`; the oldest of `max_keys` keys are forgotten first."""

    limit: int
    seconds: float = 60.0
    max_keys: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, key: str) -> None:
        """Raise when the key has failed too often."""
        with self._lock:
            recent = self._recent(key)
            if len(recent) >= self.limit:
                wait = max(1, round(recent[0] + self.seconds - self.clock()))
                raise TooManyAttempts(f"Too many attempts. Wait {wait} seconds and try again.")

    def fail(self, key: str) -> None:
        """Count a failure."""
        with self._lock:
            recent = self._recent(key)
            recent.append(self.clock())
            self._failures[key] = recent
            self._failures.move_to_end(key)
            while len(self._failures) > self.max_keys:
                self._failures.popitem(last=False)

    def succeed(self, key: str) -> None:
        """Forget the key's failures."""
        with self._lock:
            self._failures.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._failures.clear()

    def _recent(self, key: str) -> deque[float]:
        recent = self._failures.get(key, deque())
        since = self.clock() - self.seconds
        while recent and recent[0] <= since:
            recent.popleft()
        return recent
