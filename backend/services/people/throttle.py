"""Slow down guessing. Counted in the memory of each web process: a restart forgets, and that is accepted."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from backend.errors import InvalidInput, NotSignedIn, TooManyAttempts


@dataclass
class Throttle:
    """At most `limit` failures of one key within `seconds`; the oldest of `max_keys` keys are forgotten first.

    An attempt counts as a failure from its start until it is known to be right: many at once are no way around it.
    """

    limit: int
    seconds: float = 60.0
    max_keys: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[bytes, deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str) -> None:
        """Count an attempt; raises `TooManyAttempts` where the key has failed too often, and counts nothing then."""
        digest = _digest(key)
        with self._lock:
            recent = self._recent(digest)
            if len(recent) >= self.limit:
                wait = max(1, ceil(recent[0] + self.seconds - self.clock()))
                raise TooManyAttempts(f"Too many attempts. Wait {wait} seconds and try again.", retry_after=wait)
            recent.append(self.clock())
            self._failures[digest] = recent
            self._failures.move_to_end(digest)
            while len(self._failures) > self.max_keys:
                self._failures.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Take the newest attempt off: it was no failure."""
        digest = _digest(key)
        with self._lock:
            recent = self._recent(digest)
            if recent:
                recent.pop()
            if not recent:
                self._failures.pop(digest, None)

    def clear(self, key: str | None = None) -> None:
        """Forget the key's failures; without one, everything."""
        with self._lock:
            if key is None:
                self._failures.clear()
            else:
                self._failures.pop(_digest(key), None)

    def _recent(self, digest: bytes) -> deque[float]:
        recent = self._failures.get(digest, deque())
        since = self.clock() - self.seconds
        while recent and recent[0] <= since:
            recent.popleft()
        return recent


@contextmanager
def guessing(*counted: tuple[Throttle, str]) -> Iterator[None]:
    """Count what is done in the block as a failure of all keys if it raises that a secret was wrong, and only then."""
    taken: list[tuple[Throttle, str]] = []
    is_wrong = False
    try:
        for throttle, key in counted:
            throttle.take(key)
            taken.append((throttle, key))
        yield
    except (NotSignedIn, InvalidInput):
        is_wrong = True
        raise
    finally:
        for throttle, key in [] if is_wrong else taken:
            throttle.give_back(key)


def neighbourhood(address: str) -> str:
    """What one guesser has of addresses: one of IPv4, the 2**64 of a line of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(ip_network((ip, 64), strict=False))
    return str(ip)


def _digest(key: str) -> bytes:
    """A key of one size, however long a name somebody types."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
