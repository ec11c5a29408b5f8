"""Changing how a round is reviewed while it waits for people, or before it does."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.errors import Conflict
from backend.services import events, review_settings
from backend.services.access import Actor
from backend.services.decisions import labels, slots, tallies
from backend.services.decisions.locks import lock_until_reviewed
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.values import Role


def edit_review(actor: Actor, round_id: int, changes: dict[str, Any]) -> ReviewSettings:
    """Change these settings; what was decided stays, and labels follow the new rule. Return all settings."""
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        over = "its review is over. Change the settings when you launch the next round."
        round_ = lock_until_reviewed(db, round_id, over)
        before = review_settings.read(round_.review)
        after = review_settings.read(round_.review | changes)
        if before.by_group != after.by_group:
            refuse_mode(db, round_)
            tallies.forget_all(db, round_id)  # what is decided in the other mode changes no number kept of this one
        round_.review = after.model_dump(mode="json", exclude_defaults=True)
        if before == after:
            return after
        db.flush()
        slots.one_at_a_time(db, round_id)
        slots.refit(db, round_id, after)
        if before.has_overlap != after.has_overlap:
            decided = select(tables.Decision.sample_id).where(tables.Decision.round_id == round_id).distinct()
            labels.recompute(db, db.scalars(decided))
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, "edit review", f"round {round_.number}", **place, review=round_.review)  # type: ignore[arg-type]
        return after


def refuse_mode(db: Session, round_: tables.Round) -> None:
    """Samples and groups are different items: what was decided of the one would be counted among the other."""
    lease, gold = tables.Lease, tables.GoldItem
    decided = select(lease.sample_id).where(lease.round_id == round_.id, lease.decided_at.is_not(None)).limit(1)
    marked = select(gold.sample_id).where(gold.round_id == round_.id).limit(1)
    why = (
        "items of it are decided already"
        if db.scalar(decided) is not None
        else "it has gold items, whose known label is of one sample"
        if db.scalar(marked) is not None
        else ""
    )
    if why:
        raise Conflict(
            f"Round {round_.number} can't change between samples and groups: {why}. Take that back first, or review "
            "the next round in the other mode."
        )
    db.execute(delete(lease).where(lease.round_id == round_.id))
