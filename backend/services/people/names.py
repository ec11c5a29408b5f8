"""What people are called."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among


def names_of(db: Session, user_ids: Collection[int]) -> dict[int, str]:
    """The names of these people, by their numbers."""
    user = tables.User
    return dict(db.execute(select(user.id, user.name).where(among(user.id, user_ids))).tuples().all())
