"""The log of acts that are no decisions: written by the services in their own transactions, never changed."""

from typing import Any

from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.access import Actor

MAX_VERB = 40
MAX_SUBJECT = 500


def note(
    db: Session,
    actor: Actor | None,
    verb: str,
    subject: str,
    *,
    project_id: int | None = None,
    round_id: int | None = None,
    **details: Any,
) -> None:
    """Write down who did what to which thing, in the caller's transaction: it is noted if and only if it happened.

    `actor` is None for a failed sign-in, of which no person is known.

    `verb` is a word and its object (`close review`), `subject` a person's words for the thing. No secret goes in.
    """
    db.add(
        tables.Event(
            project_id=project_id,
            round_id=round_id,
            user_id=actor.user_id if actor else None,
            verb=verb[:MAX_VERB],
            subject=subject[:MAX_SUBJECT],
            details=details,
            via=actor.via if actor else "page",
        )
    )
