"""Figures of a large round that stand for a while: every open page asks for them, and computing them takes long."""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from backend.db import tables
from backend.db.session import read_engine

T = TypeVar("T")

LARGE = 100_000
"""Samples. Of fewer everything is computed whenever it is asked for."""
STANDS, MOST_KEPT = 20.0, 256
"""Figures stand for so many times as long as they took, and so many are kept."""
_kept: dict[Hashable, tuple[float, Any]] = {}


def figures(row: tables.Round, what: Hashable, compute: Callable[[], T]) -> T:
    """What `compute` returns now; of a large round, what it returned for the same `what` a moment ago.

    `what` names the figures, and all but the round that they depend on: who asks, where people see different ones.
    """
    if (row.counts.get("samples") or 0) < LARGE:
        return compute()
    # A settled round is asked for again as another one: by its state, and by the installation and time it was made.
    key = (str(read_engine().url), row.id, row.created_at, row.status, row.stage, str(row.review), what)
    at = time.monotonic()
    kept: tuple[float, T] | None = _kept.get(key)
    if kept is not None and at < kept[0]:
        return kept[1]
    computed = compute()
    _put(key, time.monotonic() + STANDS * (time.monotonic() - at), computed)
    return computed


def _put(key: Hashable, until: float, computed: Any) -> None:
    now = time.monotonic()
    for other, (ends, _) in [*_kept.items()]:
        if ends <= now or len(_kept) >= MOST_KEPT:
            _kept.pop(other, None)
    _kept[key] = (until, computed)
