"""What became of a round's texts, for a page that asks for it three times as it opens: for the document, Gradio's part
and the charts."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import translations
from backend.db import tables
from backend.expiring import Expiring
from backend.services.access import Actor
from backend.services.round_report.text_shapes import Texts
from backend.services.samples.visibility import Hidden

STANDS, MOST_KEPT = 10.0, 32
"""Seconds for which it stands while nothing changes, and how many are kept."""
_kept = Expiring[Texts](MOST_KEPT)


def key_of(db: Session, actor: Actor, row: tables.Round, hidden: Hidden) -> tuple[Any, ...]:
    """Who asks for what, in which language, and its version: the round's state and settings, its last text and
    judgment, and its decisions and datasets.

    These two are counted, too: a dataset may be removed that is not the newest, and PostgreSQL gives numbers out before
    they are committed, so the decision of a smaller one may come after that of a greater.
    """
    newest: tuple[Any, ...] = (tables.Sample, tables.Judgment, tables.Decision, tables.Dataset)
    asked: list[Any] = [func.max(table.id) for table in newest]
    asked += [func.count(table.id) for table in newest[2:]]
    of = (*newest, *newest[2:])
    last = db.execute(
        select(
            *(
                select(what).where(table.round_id == row.id).scalar_subquery()
                for what, table in zip(asked, of, strict=True)
            )
        )
    ).one()
    state = (row.status, row.stage, row.phase, row.step, str(row.counts), row.archived_at, row.finished_at)
    return (translations.language(), actor.user_id, row.id, row.created_at, hidden, str(row.review), *state, *last)


def get(key: tuple[Any, ...]) -> Texts | None:
    """What was kept under this key, unless that was long ago."""
    return _kept.get(key)


def put(key: tuple[Any, ...], texts: Texts) -> None:
    """Keep it for a moment."""
    _kept.put(key, texts, STANDS)
