"""People whose queue is stopped in a round: they get no item of it, and decide on none.

Whoever is paused holds no lease: theirs are given back with the pause, under the lock of all claims, and whatever gives
leases asks here under the same lock. So a decision by a lease needs no further check.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import PermissionDenied
from backend.services.access import Actor


def refuse_paused(db: Session, actor: Actor, round_id: int) -> None:
    """Raise `PermissionDenied` where the person is paused in the round."""
    row = tables.RoundReviewer
    query = select(row.paused_at, row.pause_reason).where(row.round_id == round_id, row.user_id == actor.user_id)
    found_row = db.execute(query).one_or_none()
    if found_row is not None:
        refuse(found_row.paused_at, found_row.pause_reason)


def refuse(paused_at: datetime | None, reason: str) -> None:
    """The same of what was read already."""
    if paused_at is not None:
        raise PermissionDenied(
            f"Your queue of this round is stopped: {reason} What you decided is kept. Ask a curator of this project to "
            "let you go on."
        )


def is_paused(db: Session, round_id: int, user_id: int) -> bool:
    """Whether the person is paused in the round."""
    row = tables.RoundReviewer
    query = select(row.user_id).where(row.round_id == round_id, row.user_id == user_id, row.paused_at.is_not(None))
    return db.scalar(query) is not None
