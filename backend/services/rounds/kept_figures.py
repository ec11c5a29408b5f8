"""Figures of a large round that take long: kept while nothing changes, and else told with the time they are of.

Who asks while people decide is not kept waiting: they get the figures as they were computed last, and since when that
is (`as_of`), and a thread computes them anew, which rests between for `REST` times as long as that took. Nobody is told
figures that were begun more than `OLDEST_SECONDS` ago: who asks then waits for new ones. Where more changed than what
people and jobs did (the round's state, its settings, `more`), nothing older is told at all.

Figures are computed by one thread at a time in a process; who needs them meanwhile waits for it.
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
Depends = Callable[[Session, tables.Round], Hashable]

LARGE = 100_000
"""Samples. Of fewer everything is computed whenever it is asked for."""
QUICK_SECONDS, OLDEST_SECONDS, MOST_KEPT, REST = 0.05, 60.0, 256, 10.0
"""What was computed within the first is computed again at once. So many figures are kept."""
LONGEST_WAIT = 20.0
"""Seconds that are waited for another thread: it may itself wait for a connection that those who wait hold."""


@dataclass(frozen=True)
class Figures(Generic[T]):
    """`as_of`: since when the rows may say something else; None: they are as the rows are now."""

    value: T
    as_of: datetime | None = None


def _nothing(_db: Session, _row: tables.Round) -> Hashable:
    return ()


@dataclass(frozen=True)
class _Question(Generic[T]):
    """`what` names the figures; `more` and `late`: see `figures`."""

    what: Hashable
    compute: Compute[T]
    more: Depends
    late: Depends

    def key(self, db: Session, row: tables.Round) -> Hashable:
        """What figures are kept under: all that makes older ones wrong at once."""
        url, state = str(db.get_bind().engine.url), (row.status, row.stage, row.phase, row.step, row.is_blind)
        return (url, row.id, row.created_at, *state, str(row.review), self.what, self.more(db, row))

    def version(self, db: Session, row: tables.Round) -> Hashable:
        return (round_versions.of_machine(db, row), round_versions.of_people(db, row), self.late(db, row))


@dataclass(frozen=True)
class _Kept:
    """`took`: seconds. `began`, `ended`: by the monotonic clock."""

    version: Hashable
    value: Any
    at: datetime
    began: float
    ended: float

    @property
    def took(self) -> float:
        return self.ended - self.began

    @property
    def is_told(self) -> bool:
        """Whether it may be told although something changed since."""
        return self.took >= QUICK_SECONDS and time.monotonic() - self.began <= OLDEST_SECONDS

    @property
    def has_rested(self) -> bool:
        return time.monotonic() - self.ended >= min(REST * self.took, OLDEST_SECONDS / 2)


_kept: dict[Hashable, _Kept] = {}
_under_way: dict[Hashable, threading.Event] = {}
"""What is set once the figures were computed, or could not be."""
_lock = threading.Lock()


def figures(
    db: Session,
    row: tables.Round,
    what: Hashable,
    compute: Compute[T],
    *,
    more: Depends = _nothing,
    late: Depends = _nothing,
) -> Figures[T]:
    """What `compute` returns now; of a large round, what it returned last, as the module says.

    `what` names the figures. `more`: what they depend on beside the round's state, labels and decisions; with another
    value of it they are computed at once. `late`: the same, but older ones may be told with their time.
    """
    if (row.counts.get("samples") or 0) < LARGE:
        return Figures(compute(db, row))
    question = _Question(what, compute, more, late)
    key, version = question.key(db, row), question.version(db, row)
    until = time.monotonic() + LONGEST_WAIT
    while True:
        with _lock:
            kept = _kept.get(key)
            under_way = _under_way.get(key)
            if kept is not None and kept.version == version:
                return Figures(kept.value)
            if kept is not None and kept.is_told:
                if under_way is None and kept.has_rested:
                    _compute_aside(key, row.id, question)
                return Figures(kept.value, kept.at)
            if under_way is None:
                _under_way[key] = done = threading.Event()
                break
        if not under_way.wait(until - time.monotonic()):
            return Figures(_computed(db, row, key, version, compute))
    try:
        return Figures(_computed(db, row, key, version, compute))
    finally:
        _end(key, done)


def _computed(db: Session, row: tables.Round, key: Hashable, version: Hashable, compute: Compute[T]) -> T:
    at, began = now(), time.monotonic()
    value = compute(db, row)
    with _lock:
        if len(_kept) >= MOST_KEPT:
            _kept.pop(min(_kept, key=lambda other: _kept[other].ended))
        _kept[key] = _Kept(version, value, at, began, time.monotonic())
    return value


def _end(key: Hashable, done: threading.Event) -> None:
    with _lock:
        _under_way.pop(key, None)
    done.set()


def _compute_aside(key: Hashable, round_id: int, question: _Question[Any]) -> None:
    """Compute in a thread; the caller holds the lock."""
    _under_way[key] = done = threading.Event()

    def run() -> None:
        try:
            with reading() as db:
                row = db.get(tables.Round, round_id)
                # Where the round's state is another one meanwhile, these figures are asked for no more.
                if row is not None and question.key(db, row) == key:
                    _computed(db, row, key, question.version(db, row), question.compute)
        except Exception:
            log.exception("Figures of round %s could not be computed; who asks next is told why.", round_id)
            with _lock:
                _kept.pop(key, None)
        finally:
            _end(key, done)

    threading.Thread(target=run, name="rondo-figures", daemon=True).start()
