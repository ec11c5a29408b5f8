"""Where calls wait for their turn: few are done at a time, fewer of one person, and no one asks without end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from backend.errors import TooManyAttempts
from backend.services.access import Actor
from backend.services.people.throttle import Throttle

T = TypeVar("T")

AT_ONCE = 8
"""Every call takes a thread and a connection."""
AT_ONCE_OF_ONE = 3
WAITING_OF_ONE = 20
A_MINUTE_OF_ONE = 300
"""A call is a row of the audit trail, one that only reads, too."""
AGAIN = 2


@dataclass
class Person:
    """The calls of one person that are not done yet."""

    inside: int = 0
    turns: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE_OF_ONE))


class Turns:
    """The calls of this process."""

    def __init__(self) -> None:
        self._threads = anyio.CapacityLimiter(AT_ONCE)
        self._people: dict[int, Person] = {}
        self._asked = Throttle(A_MINUTE_OF_ONE)

    async def run(self, actor: Actor, call: Callable[[], T]) -> T:
        """Return what the call returns; raises `TooManyAttempts` where the person asks too much."""
        person = self._people.setdefault(actor.user_id, Person())
        if person.inside >= AT_ONCE_OF_ONE + WAITING_OF_ONE:
            message = (
                f"You have {person.inside} calls that are not done yet. Wait for their answers before you ask more."
            )
            raise TooManyAttempts(message, retry_after=AGAIN)
        self._asked.take(str(actor.user_id))
        person.inside += 1
        try:
            async with person.turns:
                return await anyio.to_thread.run_sync(call, limiter=self._threads)
        finally:
            person.inside -= 1
            if not person.inside:
                del self._people[actor.user_id]
