"""Figures of a large round that take long: kept while nothing changes, and else told with the time they are of.

Who asks while others decide is not kept waiting: they get the figures as they were computed last, and since when that
is (`as_of`), and a thread computes them anew, which rests between for `REST` times as long as that took. Nobody is told
figures that are older than `OLDEST_SECONDS`: who asks then waits for new ones.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.services.rounds import round_versions

log = logging.getLogger("rondo.figures")

T = TypeVar("T")
Compute = Callable[[Session, tables.Round], T]

LARGE = 100_000
"""Samples. Of fewer everything is computed whenever it is asked for."""
QUICK_SECONDS, OLDEST_SECONDS, MOST_KEPT, REST = 0.05, 60.0, 256, 10.0
"""What was computed within the first is computed again at once. So many figures are kept."""


@dataclass(frozen=True)
class Figures(Generic[T]):
    """`as_of`: since when the rows may say something else; None: they are as the rows are now."""

    value: T
    as_of: datetime | None = None


@dataclass
class _Kept:
    version: round_versions.Version
    value: Any
    at: datetime
    took: float
    ended: float
    """By the monotonic clock."""


_kept: dict[Hashable, _Kept] = {}
_under_way: set[Hashable] = set()
_lock = threading.Lock()


def figures(db: Session, row: tables.Round, what: Hashable, compute: Compute[T], *, more: Hashable = ()) -> Figures[T]:
    """What `compute` returns now; of a large round, what it returned last, as the module says.

    `what` names the figures. `more`: what they depend on beside the round's labels and decisions.
    """
    if (row.counts.get("samples") or 0) < LARGE:
        return Figures(compute(db, row))
    key = (str(db.get_bind().engine.url), row.id, row.created_at, what)
    version = (more, round_versions.of_machine(db, row), round_versions.of_people(db, row))
    with _lock:
        kept = _kept.get(key)
    if kept is not None and kept.version == version:
        return Figures(kept.value)
    rested = 0.0 if kept is None else time.monotonic() - kept.ended
    if kept is None or kept.took < QUICK_SECONDS or rested > OLDEST_SECONDS:
        return Figures(_computed(db, row, key, version, compute))
    if rested >= min(REST * kept.took, OLDEST_SECONDS / 2):
        _compute_aside(key, row.id, version, compute)
    return Figures(kept.value, kept.at)


def _computed(db: Session, row: tables.Round, key: Hashable, version: round_versions.Version, compute: Compute[T]) -> T:
    at, started = now(), time.monotonic()
    value = compute(db, row)
    ended = time.monotonic()
    with _lock:
        if len(_kept) >= MOST_KEPT:
            _kept.pop(min(_kept, key=lambda other: _kept[other].ended))
        _kept[key] = _Kept(version, value, at, ended - started, ended)
    return value


def _compute_aside(key: Hashable, round_id: int, version: round_versions.Version, compute: Compute[Any]) -> None:
    """Compute in a thread, unless it is under way."""
    with _lock:
        if key in _under_way:
            return
        _under_way.add(key)

    def run() -> None:
        try:
            with reading() as db:
                row = db.get(tables.Round, round_id)
                if row is not None:
                    _computed(db, row, key, version, compute)
        except Exception:
            log.exception("Figures of round %s could not be computed; who asks next is told why.", round_id)
            with _lock:
                _kept.pop(key, None)
        finally:
            with _lock:
                _under_way.discard(key)

    threading.Thread(target=run, name="rondo-figures", daemon=True).start()
