"""How many exports may be under way at once in this process: one of each person, and few in all."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, RLock

from backend.errors import TooManyAttempts
from backend.services.access import Actor

_writing = BoundedSemaphore(4)
"""Each holds a connection and most of a core."""
_people: set[int] = set()
_lock = RLock()


class Slot:
    """A person's one export: from the question until the file is sent. To be released once; more often is no matter."""

    def __init__(self, actor: Actor) -> None:
        """Raises `TooManyAttempts` while another one of theirs is under way."""
        self._user_id: int | None = None
        with _lock:
            if actor.user_id in _people:
                raise TooManyAttempts(
                    "An export of yours is under way. Wait until it is downloaded, or start this one in the background."
                )
            _people.add(actor.user_id)
            self._user_id = actor.user_id

    def release(self) -> None:
        with _lock:
            if self._user_id is not None:
                _people.discard(self._user_id)
                self._user_id = None

    def __del__(self) -> None:
        """Of a request that was given up between the writing and the sending."""
        self.release()


@contextmanager
def writing() -> Iterator[None]:
    """While the database is read for one; raises `TooManyAttempts` while several others are."""
    if not _writing.acquire(blocking=False):
        raise TooManyAttempts(
            "Several exports are being written. Try again in a moment, or start it in the background."
        )
    try:
        yield
    finally:
        _writing.release()
