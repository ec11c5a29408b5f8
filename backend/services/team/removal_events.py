"""The removals of a round's work as the audit keeps them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import NotFound
from backend.values import JSON, Role

REMOVE, RESTORE = "remove work", "restore work"


def role_of(details: JSON) -> Role:
    """The role that the removal needed, and that taking it back needs."""
    return Role(details.get("role", Role.admin))


def noted(db: Session, round_id: int, removal_id: str) -> tables.Event:
    """The removal of this id; raises `NotFound`."""
    event = tables.Event
    for row in db.scalars(select(event).where(event.round_id == round_id, event.verb == REMOVE)):
        if row.details.get("batch_id") == removal_id:
            return row
    raise NotFound("There is no such removal in this round. Reload the page.")


def undone(db: Session, round_id: int) -> set[str]:
    """The ids of those that were taken back."""
    event = tables.Event
    details_rows = db.scalars(select(event.details).where(event.round_id == round_id, event.verb == RESTORE))
    return {str(details.get("batch_id")) for details in details_rows}
