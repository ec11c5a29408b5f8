"""Rounds whose rows lie in an archive: where it is, and what cannot be done meanwhile."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.errors import Conflict
from backend.translations import N_

FOLDER = "archives"
IS_AWAY = N_("The round is archived: what is told from its rows is here again when an admin has restored it.")


def place(round_id: int) -> Path:
    """The folder of a round's archive."""
    return settings().folder / FOLDER / f"round-{round_id}"


def refuse(row: tables.Round) -> None:
    """Raise `Conflict` where the round's rows are not all in the database, and say how they come back."""
    if row.archived_at is not None:
        raise Conflict(f"Round {row.number} is archived: its rows are in files. Restore it on its page, then retry.")


def refuse_held(db: Session, round_id: int, *, even_in_trash: bool = False, alone: bool = False) -> None:
    """As `refuse`, by the round's id, and keep it from being archived until the caller's transaction ends.

    Raises `Conflict`, too, where it went to the trash since the caller looked, but for what stays `even_in_trash`.
    alone: the caller changes the round's row, or takes it alone, later on. Two who shared it would wait for each other.
    """
    project, round_ = tables.Project, tables.Round
    ours = select(round_.project_id).where(round_.id == round_id).scalar_subquery()
    # In the order in which whoever archives locks them.
    db.scalar(select(project.id).where(project.id == ours).with_for_update(read=True, key_share=True))
    query = select(tables.Round).where(tables.Round.id == round_id).with_for_update(read=not alone, key_share=alone)
    row = db.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is not None:
        refuse(row)
        if not even_in_trash:
            refuse_trashed(db, row)


def refuse_trashed(db: Session, row: tables.Round) -> None:
    """Raise `Conflict` where a round that the caller holds is in the trash: it comes back as it was."""
    project = tables.Project
    if db.scalar(select(project.id).where(project.id == row.project_id, project.trash_of_id.is_not(None))) is not None:
        raise Conflict(f"Round {row.number} is in the trash, so nothing was changed. Bring it back first.")


def refuse_id(db: Session, round_id: int) -> None:
    """The same by the round's id."""
    row = db.scalar(select(tables.Round).where(tables.Round.id == round_id, tables.Round.archived_at.is_not(None)))
    if row is not None:
        refuse(row)


def refuse_prompt_set(db: Session, set_id: int, refused: str) -> None:
    """Raise `Conflict` where rows in an archive name prompts of the set: the rows could not be restored without them.

    refused: what cannot be done, as the message begins.
    """
    row = tables.Round
    for other in db.scalars(select(row).where(row.archived_at.is_not(None)).order_by(row.id)):
        if set_id in other.archive.get("prompt_sets", ()):
            raise Conflict(
                f"{refused}: rows of round {other.number}, which is archived, stand on it. Leave it; new rounds need "
                "not use it."
            )


def refuse_external_ids(db: Session, project_id: int) -> None:
    """Raise `Conflict` where ids of samples lie in an archive of the project: a sample that is imported again could not
    be recognised."""
    row = tables.Round
    query = select(row).where(row.project_id == project_id, row.archived_at.is_not(None)).order_by(row.id)
    for round_ in db.scalars(query):
        if round_.archive.get("rows", {}).get("external_ids"):
            raise Conflict(
                f"Nothing is imported while round {round_.number} is archived: the external ids of its samples are in "
                "files. Restore it on its page, then retry."
            )
