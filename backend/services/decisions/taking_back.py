"""What a retract needs to know of the decision that it takes back."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.services.access import Actor
from backend.services.review_settings import ReviewSettings


def is_last_word(
    db: Session, actor: Actor, row: tables.Decision, settings: ReviewSettings, members: Sequence[int]
) -> bool:
    """Whether no other decision of the person on the same item stands, which would keep its slot."""
    if row.kind not in settings.deciding or row.is_late or row.is_adjudication:
        return False
    decision = tables.Decision
    others = standing.own_words(decision.id, kinds=settings.deciding).where(
        decision.sample_id.in_(members), decision.user_id == actor.user_id, decision.id != row.id
    )
    return db.scalar(others.limit(1)) is None


def bulk_first(db: Session, row: tables.Decision) -> str:
    """Why a decision of a bulk action is not taken back here: the action is undone as a whole, or not at all."""
    number = standing.everything(func.count(), kinds=(row.kind,)).where(tables.Decision.batch_id == row.batch_id)
    what = f"{row.kind} on {db.scalar(number):,} samples: {row.note[:160]}"
    return (
        f"What you did last is a bulk action ({what}). Nothing was taken back: undo it as a whole on the Samples page, "
        "under Done before, or go on."
    )
