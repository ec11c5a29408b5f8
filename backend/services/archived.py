"""Rounds whose rows lie in an archive: where it is, and what cannot be done meanwhile."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.errors import Conflict

FOLDER = "archives"
IS_AWAY = "The round is archived: what is told from its rows is here again when an admin has restored it."


def place(round_id: int) -> Path:
    """The folder of a round's archive."""
    return settings().folder / FOLDER / f"round-{round_id}"


def refuse(row: tables.Round) -> None:
    """Raise `Conflict` where the round's rows are not all in the database, and say how they come back."""
    if row.archived_at is not None:
        raise Conflict(f"Round {row.number} is archived: its rows are in files. Restore it on its page, then retry.")


def refuse_id(db: Session, round_id: int) -> None:
    """The same by the round's id."""
    row = db.scalar(select(tables.Round).where(tables.Round.id == round_id, tables.Round.archived_at.is_not(None)))
    if row is not None:
        refuse(row)
