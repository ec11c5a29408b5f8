"""Counts that take long and are asked for by every open page: what was counted is shown again for a while."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from backend.expiring import Expiring

T = TypeVar("T")

SLOW_SECONDS = 0.1
STANDS = 20.0
"""Counts that took longer than `SLOW_SECONDS` are shown for so many times as long."""
MOST_KEPT = 1_000


class SlowCounts(Generic[T]):
    """Counts of one kind, by database and key."""

    def __init__(self) -> None:
        self._kept = Expiring[T](MOST_KEPT)

    def get(self, db: Session, key: Hashable) -> T | None:
        """What was counted a while ago; None where it has to be counted."""
        return self._kept.get((_place(db), key))

    def keep(self, db: Session, key: Hashable, counts: T, seconds: float) -> None:
        """Keep what it took so many seconds to count, if these are many."""
        if seconds >= SLOW_SECONDS:
            self._kept.put((_place(db), key), counts, STANDS * seconds)


def _place(db: Session) -> str:
    return str(db.get_bind().engine.url)
