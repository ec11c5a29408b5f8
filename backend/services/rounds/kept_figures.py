"""Figures of a large round that stand for a while: every open page asks for them, and computing them takes long."""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from backend.db import tables
from backend.db.session import read_engine
from backend.expiring import Expiring

T = TypeVar("T")

LARGE = 100_000
"""Samples. Of fewer everything is computed whenever it is asked for."""
STANDS, MOST_KEPT = 20.0, 256
"""Figures stand for so many times as long as they took, and so many are kept."""
_kept = Expiring[Any](MOST_KEPT)


def figures(row: tables.Round, what: Hashable, compute: Callable[[], T]) -> T:
    """What `compute` returns now; of a large round, what it returned for the same `what` a moment ago.

    `what` names the figures, and all but the round that they depend on: who asks, where people see different ones.
    """
    if (row.counts.get("samples") or 0) < LARGE:
        return compute()
    # A settled round is asked for again as another one: by its state, and by the installation and time it was made.
    key = (str(read_engine().url), row.id, row.created_at, row.status, row.stage, str(row.review), what)
    kept: tuple[T] | None = _kept.get(key)
    if kept is not None:
        return kept[0]
    began = time.monotonic()
    computed = compute()
    _kept.put(key, (computed,), STANDS * (time.monotonic() - began))
    return computed
