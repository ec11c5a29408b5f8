"""What was said of an item so far: one's own words always, colleagues' as far as the round shows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.standing import ANY_LABELLING
from backend.errors import NotFound
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import words as decision_words
from backend.services.review_settings import Mode
from backend.services.rounds import get_row
from backend.values import DecisionKind, Role

MAX_ROWS = 200


@dataclass(frozen=True)
class Entry:
    """One decision. `words`: what it says beyond its kind.

    `is_retracted`: it was taken back later; `is_late`: it counts in no label.
    """

    id: int
    who: str
    at: datetime
    kind: DecisionKind
    score: float | None
    words: str
    note: str
    is_bulk: bool
    is_late: bool
    is_retracted: bool


@dataclass(frozen=True)
class History:
    """Oldest first. `is_hidden`: what colleagues said is shown after one's own word."""

    entries: tuple[Entry, ...]
    is_hidden: bool


def read(actor: Actor, sample_id: int) -> History:
    """The history of a sample, or in the modes group and pair of its group."""
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = get_row(db, actor, sample.round_id, Role.reviewer)
        settings = review_settings.read(round_.review)
        decision = tables.Decision
        is_item = decision.group_id == sample.group_id if settings.by_group else decision.sample_id == sample_id
        about = select(decision, tables.User.name).join(tables.User, tables.User.id == decision.user_id).where(is_item)
        is_done = has_decided(db, actor, about)
        is_told = settings.others_visible or is_done
        sees_judge = is_done or not round_.is_blind or settings.mode is Mode.judgment
        seen = or_(decision.user_id == actor.user_id, literal(is_told))
        rows = db.execute(about.where(seen).order_by(decision.id.desc()).limit(MAX_ROWS)).all()[::-1]
    gone = {row.retracts_id for row, _ in rows}
    found = [entry(row, who, is_retracted=row.id in gone, sees_judge=sees_judge) for row, who in rows]
    return History(tuple(found), not is_told)


def has_decided(db: Session, actor: Actor, about: Any) -> bool:
    decision = tables.Decision
    mine = about.where(decision.user_id == actor.user_id, decision.kind.in_(ANY_LABELLING))
    return db.execute(mine.limit(1)).first() is not None


def entry(row: tables.Decision, who: str, *, is_retracted: bool, sees_judge: bool) -> Entry:
    return Entry(
        id=row.id,
        who=who,
        at=row.created_at,
        kind=row.kind,
        score=row.score,
        words=decision_words.words(row.value, tells_judge=sees_judge),
        note=row.note,
        is_bulk=row.batch_id is not None,
        is_late=row.is_late,
        is_retracted=is_retracted,
    )
