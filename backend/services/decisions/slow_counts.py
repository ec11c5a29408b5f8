"""Counts that take long and are asked for by every open page: what was counted is shown again for a while."""

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from backend.expiring import Expiring

T = TypeVar("T")

SLOW_SECONDS = 0.1
STANDS = 20.0
"""Counts that took longer than `SLOW_SECONDS` are shown for so many times as long."""
MOST_KEPT = 1_000
LONGEST_SECONDS = 86_400.0
"""So long at most stand counts of a version that is still the newest."""


class SlowCounts(Generic[T]):
    """Counts of one kind, by database and key.

    With a version, which changes with whatever is counted, they stand until another version is asked for, too.
    """

    def __init__(self) -> None:
        self._kept = Expiring[tuple[Hashable, float, T]](MOST_KEPT)

    def get(self, db: Session, key: Hashable, version: Hashable = None) -> T | None:
        """What was counted of this version, or a while ago; None where it has to be counted."""
        of, until, counts = self._kept.get((_place(db), key)) or (None, 0.0, None)
        is_newest = version is not None and of == version
        return counts if is_newest or time.monotonic() < until else None

    def keep(
        self, db: Session, key: Hashable, counts: T, seconds: float, version: Hashable = None, *, is_large: bool = False
    ) -> None:
        """Keep what it took so many seconds to count, if these are many.

        is_large: so much was counted that it is kept in any case, but for no longer than its version is the newest.
        """
        if seconds >= SLOW_SECONDS or is_large:
            stands = STANDS * seconds if seconds >= SLOW_SECONDS else 0.0
            kept = (version, time.monotonic() + stands, counts)
            self._kept.put((_place(db), key), kept, stands if version is None else LONGEST_SECONDS)


def _place(db: Session) -> str:
    return str(db.get_bind().engine.url)
