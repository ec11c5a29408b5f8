"""What became of a round's texts, for a page that asks for it three times as it opens: for the document, Gradio's part
and the charts."""

import time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.access import Actor
from backend.services.round_report.text_shapes import Texts
from backend.services.samples.visibility import Hidden

STANDS, MOST_KEPT = 10.0, 32
"""Seconds for which it stands while nothing changes, and how many are kept."""
_kept: dict[tuple[Any, ...], tuple[float, Texts]] = {}


def key_of(db: Session, actor: Actor, row: tables.Round, hidden: Hidden) -> tuple[Any, ...]:
    """Who asks for what, and its version: the round's state, and the last decision, judgment, text and dataset."""
    newest = (tables.Decision, tables.Judgment, tables.Sample, tables.Dataset)
    last = db.execute(select(*(select(func.max(table.id)).scalar_subquery() for table in newest))).one()
    state = (row.status, row.stage, row.phase, row.step, str(row.counts), row.archived_at, row.finished_at)
    return (actor.user_id, row.id, row.created_at, hidden, *state, *last)


def get(key: tuple[Any, ...]) -> Texts | None:
    """What was kept under this key, unless that was long ago."""
    kept = _kept.get(key)
    return kept[1] if kept is not None and time.monotonic() < kept[0] else None


def put(key: tuple[Any, ...], texts: Texts) -> None:
    """Keep it for a moment; what is over makes room."""
    now = time.monotonic()
    for other, (until, _) in [*_kept.items()]:
        if until <= now or len(_kept) >= MOST_KEPT:
            _kept.pop(other, None)
    _kept[key] = (now + STANDS, texts)
