"""Who is here now: review desks that were heard of a moment ago."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.built import built_once, run
from backend.db.inserting import insert_on
from backend.services.access import Actor

HERE_SECONDS = 30.0


def touch(db: Session, actor: Actor, round_id: int) -> None:
    """The actor's desk is open."""
    seen = {"round_id": round_id, "user_id": actor.user_id, "seen_at": now()}
    run(db, _touch(db.get_bind().dialect.name), seen)


@built_once
def _touch(database: str) -> Any:
    insert = insert_on(database, tables.Presence.__table__)
    seen = {"seen_at": insert.excluded.seen_at}
    return insert.on_conflict_do_update(index_elements=["round_id", "user_id"], set_=seen)


def leave(db: Session, actor: Actor, round_id: int) -> None:
    """The actor closed the desk."""
    row = tables.Presence
    db.execute(delete(row).where(row.round_id == round_id, row.user_id == actor.user_id))


def here(db: Session, round_id: int) -> dict[int, str]:
    """Names of the people whose desk was heard of within `HERE_SECONDS`, by user."""
    row, user, since = tables.Presence, tables.User, now() - timedelta(seconds=HERE_SECONDS)
    query = select(user.id, user.name).join(row, row.user_id == user.id)
    people = query.where(row.round_id == round_id, row.seen_at >= since).order_by(user.name)
    return {user_id: name for user_id, name in db.execute(people)}
