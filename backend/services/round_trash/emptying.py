"""Deleting for good a round that lies in the trash, as whole projects are: what others refer to keeps it there."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.services import events, installation, round_trash
from backend.services.access import Actor, require_owner
from backend.services.projects import deletion, own_files
from backend.services.projects.own_files import Holdings
from backend.services.round_archive import needs

log = logging.getLogger("rondo.services")


def contents(actor: Actor, round_id: int) -> Holdings:
    """What would go with a round in the trash."""
    with reading() as db:
        round_trash.find(db, actor, round_id)
        return own_files.of_projects(db, [db.get_one(tables.Round, round_id).project_id])


def why_not(actor: Actor, round_id: int) -> str:
    """Why the round cannot be deleted, whoever asks; empty where it can."""
    with reading() as db:
        round_trash.find(db, actor, round_id)
        return _kept_by(db, db.get_one(tables.Round, round_id))


def delete_for_good(actor: Actor, round_id: int, since: datetime) -> Holdings:
    """Delete a round that lies in the trash, its datasets and files too, and return what it held; for owners.

    since: when it went there, as the caller was shown it. Raises `Conflict` where it went there anew since, where
    something that stays refers to it, and as `projects.deletion` does. May be repeated after it was broken off.
    """
    with deletion.alone():
        with reading() as db:
            require_owner(db, actor)
        installation.require_own_folder()
        with reading() as db:
            entry = round_trash.find(db, actor, round_id)
            row = db.get_one(tables.Round, round_id)
            if not entry.is_deleting and (why := _kept_by(db, row)):
                raise Conflict(why)
            hidden_id = row.project_id
            held = own_files.of_projects(db, [hidden_id])
        with session() as db:
            db.get_one(tables.Project, entry.project_id, with_for_update=True)
            hidden = db.get(tables.Project, hidden_id, with_for_update=True, populate_existing=True)
            entry = round_trash.find(db, actor, round_id)
            if entry.trashed_at != since or hidden is None:
                raise Conflict(
                    f"{entry.name} was put in the trash after you looked, so it stays. Look at the trash again."
                )
            if not hidden.is_deleting and (why := _kept_by(db, db.get_one(tables.Round, round_id))):
                raise Conflict(why)
            hidden.is_deleting = True
            _take_datasets(db, round_id, hidden_id)
            _keep_events(db, entry.project_id, hidden_id)
            counts: dict[str, Any] = {"samples": held.samples, "decisions": held.decisions, "bytes": held.num_bytes}
            events.note(db, actor, "delete round", f"round {entry.number}", project_id=entry.project_id, **counts)
        deletion.delete_files(entry.name, [hidden_id])
        try:
            for _ in deletion.steps(hidden_id):
                pass
            deletion.end_project(hidden_id)
        except IntegrityError as error:
            log.warning("%s could not be deleted whole.", entry.name, exc_info=True)
            raise Conflict(
                f"{entry.name} is deleted in part: something refers to the rest. The log says what. Delete that, then "
                "delete it again."
            ) from error
    return held


def _take_datasets(db: Session, round_id: int, hidden_id: int) -> None:
    """What the round froze goes with it: no training that made a checkpoint read it."""
    dataset, scan = tables.Dataset, tables.Scan
    ours = select(dataset.id).where(dataset.round_id == round_id)
    db.execute(update(scan).where(scan.dataset_id.in_(ours)).values(project_id=hidden_id))
    db.execute(update(dataset).where(dataset.round_id == round_id).values(project_id=hidden_id))


def _keep_events(db: Session, home_id: int, hidden_id: int) -> None:
    """What was noted of the round stays in its project's audit trail."""
    event = tables.Event
    db.execute(update(event).where(event.project_id == hidden_id).values(project_id=home_id))


def _kept_by(db: Session, row: tables.Round) -> str:
    """In words, what stays and would no longer be whole without the round; empty where nothing does."""
    if not (reasons := [*_reasons(db, row)]):
        return ""
    return f"Round {row.number} stays in the trash: {'; '.join(reasons)}."


def _reasons(db: Session, row: tables.Round) -> Iterator[str]:
    round_, checkpoint, role, prompt_set = tables.Round, tables.Checkpoint, tables.RoundRole, tables.PromptSet
    ids = select(role.checkpoint_id).where(role.round_id == row.id, role.step >= 0)
    name = db.scalar(
        select(checkpoint.name)
        .where((checkpoint.id == (row.checkpoint_id or 0)) | checkpoint.id.in_(ids))
        .order_by(checkpoint.id)
        .limit(1)
    )
    if name is not None:
        yield f"it made the checkpoint {name}, of which nobody could say any more what it learned from"
    came = round_.parent_id == row.id, round_.branch_of_id == row.id
    numbers = db.scalars(select(round_.number).where(came[0] | came[1]).order_by(round_.number)).all()
    if numbers:
        which = "that" if len(numbers) == 1 else "those"
        yield f"{needs.in_words(list(numbers)).lower()} came from it; delete {which} first"
    named = db.scalar(select(prompt_set.name).where(prompt_set.round_id == row.id).order_by(prompt_set.id).limit(1))
    if named is not None:
        yield f"it made the prompt set {named!r}; an admin can delete that on the page Prompts, where nothing uses it"
    yield from needs.uses_of(db, row)
