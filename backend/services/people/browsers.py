"""The browsers in which a person is signed in: listed, and signed out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from backend.db import now, reading, session, tables
from backend.errors import InvalidInput, NotFound
from backend.services import events
from backend.services.access import Actor
from backend.services.people.sessions import end_all


@dataclass(frozen=True)
class SessionView:
    id: int
    created_at: datetime
    expires_at: datetime
    is_current: bool


def list_sessions(actor: Actor, *, current_id: int | None = None) -> list[SessionView]:
    """Return the actor's browsers that are signed in, newest first."""
    with reading() as db:
        rows = db.scalars(
            select(tables.LoginSession)
            .where(
                tables.LoginSession.user_id == actor.user_id,
                tables.LoginSession.ended_at.is_(None),
                tables.LoginSession.expires_at > now(),
            )
            .order_by(tables.LoginSession.id.desc())
        ).all()
    return [SessionView(row.id, row.created_at, row.expires_at, row.id == current_id) for row in rows]


def end_others(actor: Actor, *, current_id: int | None = None) -> int:
    """Sign the actor out everywhere but here; return how many sessions ended."""
    with session() as db:
        ended = end_all(db, actor.user_id, but=current_id)
        events.note(db, actor, "end sessions", actor.name, ended_sessions=len(ended))
        return len(ended)


def end(actor: Actor, session_id: int, *, current_id: int | None = None) -> None:
    """Sign one of the actor's other browsers out."""
    if session_id == current_id:
        raise InvalidInput("That is this browser. Sign out in the menu with your name.")
    login = tables.LoginSession
    mine = (login.id == session_id, login.user_id == actor.user_id, login.ended_at.is_(None))
    with session() as db:
        ended = db.scalar(update(login).where(*mine).values(ended_at=now()).returning(login.id))
        if ended is None:
            raise NotFound(f"You have no session {session_id} that is still open. Choose one from the list.")
        events.note(db, actor, "end sessions", actor.name, ended_sessions=1)
