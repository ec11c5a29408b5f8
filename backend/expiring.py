"""Values that are kept for a while in the memory of a process."""

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Expiring(Generic[T]):
    """At most `size` values by their keys, each for a time of its own. What is over makes room for others; where too
    many last, the oldest go."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable) -> T | None:
        """The value; None where there is none, or its time is over."""
        kept = self._values.get(key)
        return kept[1] if kept is not None and time.monotonic() < kept[0] else None

    def put(self, key: Hashable, value: T, seconds: float) -> None:
        """Keep a value for so long."""
        now = time.monotonic()
        self._values.pop(key, None)  # what it replaces takes no room, and the new one is the youngest
        for other, (until, _) in [*self._values.items()]:
            if until <= now or len(self._values) >= self.size:
                self._values.pop(other, None)
        self._values[key] = (now + seconds, value)
