"""Deleting for good a round that lies in the trash, as whole projects are: what others refer to keeps it there."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, session, tables
from backend.db.giving_way import giving_way
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.pipeline import preview_rows
from backend.services import events, installation, round_trash
from backend.services.access import Actor, require_owner
from backend.services.projects import deletion, own_files
from backend.services.projects.own_files import Holdings
from backend.services.round_archive import needs
from backend.services.round_trash import TrashedRound
from backend.services.rounds import moving

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
        row = db.get_one(tables.Round, round_id)
        if kept := _kept_by(db, row):
            return kept
        home_id = db.scalar(select(tables.Project.trash_of_id).where(tables.Project.id == row.project_id)) or 0
        busy = _read_by(db, home_id)
        return f"Round {row.number} stays in the trash: {busy}" if busy else ""


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
            if entry.trashed_at != since:
                raise Conflict(_looks_again(entry))
        was_deleting = giving_way(lambda db: _begin(db, actor, round_id, hidden_id, since))
        with reading() as db:
            # Looked for once more where nobody waits for it: by now nothing new can refer to the round's samples.
            uses = [] if was_deleting else [*needs.uses_of(db, db.get_one(tables.Round, round_id))]
        if uses:
            with session() as db:
                db.get_one(tables.Project, hidden_id).is_deleting = False
                _move_datasets(db, round_id, entry.project_id)
            raise Conflict(f"Round {entry.number} stays in the trash: {'; '.join(uses)}.")

        with session() as db:
            _keep_events(db, entry.project_id, hidden_id)
            counts: dict[str, Any] = {"samples": held.samples, "decisions": held.decisions, "bytes": held.num_bytes}
            events.note(db, actor, "delete round", f"round {entry.number}", project_id=entry.project_id, **counts)
        deletion.delete_files(entry.name, [hidden_id])
        try:
            for _ in deletion.steps(hidden_id, entry.name):
                pass
            deletion.end_project(hidden_id)
        except IntegrityError as error:
            log.warning("%s could not be deleted whole.", entry.name, exc_info=True)
            raise Conflict(
                f"{entry.name} is deleted in part: something refers to the rest. The log says what. Delete that, then "
                "delete it again."
            ) from error
    return held


def _looks_again(entry: TrashedRound) -> str:
    return f"{entry.name} was put in the trash after you looked, so it stays. Look at the trash again."


def _begin(db: Session, actor: Actor, round_id: int, hidden_id: int, since: datetime) -> bool:
    """Note that the deletion is begun, unless something came that keeps the round; return whether it was before."""
    home_id = round_trash.find(db, actor, round_id).project_id
    db.get_one(tables.Project, home_id, with_for_update=True)
    hidden = db.get(tables.Project, hidden_id, with_for_update=True, populate_existing=True)
    entry = round_trash.find(db, actor, round_id)
    if entry.trashed_at != since or hidden is None:
        raise Conflict(_looks_again(entry))
    if hidden.is_deleting:
        return True
    if why := _read_by(db, home_id):
        raise Conflict(f"Round {entry.number} stays in the trash: {why}")
    preview_rows.clear_ended(db, home_id)  # one that failed keeps its round, which may have come from this one
    row = db.get_one(tables.Round, round_id)
    if reasons := [*_reasons(db, row)]:
        raise Conflict(_in_words(row, reasons))
    hidden.is_deleting = True
    _move_datasets(db, round_id, hidden_id)
    return False


def _read_by(db: Session, home_id: int) -> str:
    """What is under way in the project and may read what the round froze or made, with the way out; or nothing."""
    job = tables.Job
    active = job.project_id == home_id, job.round_id.is_(None), job.status.in_(jobs.ACTIVE)
    first = db.execute(select(job.id, job.stage).where(*active).order_by(job.id).limit(1)).one_or_none()
    if first is None:
        return ""
    return f"job {first.id} ({first.stage}) may read the datasets that it froze. Wait for its end, or cancel it."


def _move_datasets(db: Session, round_id: int, project_id: int) -> None:
    """What the round froze goes with it: no training that made a checkpoint read it."""
    dataset, scan = tables.Dataset, tables.Scan
    ours = select(dataset.id).where(dataset.round_id == round_id)
    db.execute(update(scan).where(scan.dataset_id.in_(ours)).values(project_id=project_id))
    db.execute(update(dataset).where(dataset.round_id == round_id).values(project_id=project_id))


def _keep_events(db: Session, home_id: int, hidden_id: int) -> None:
    """What was noted of the round stays in its project's audit trail."""
    event = tables.Event
    db.execute(update(event).where(event.project_id == hidden_id).values(project_id=home_id))


def _kept_by(db: Session, row: tables.Round) -> str:
    """In words, what stays and would no longer be whole without the round; empty where nothing does."""
    reasons = [*_reasons(db, row), *needs.uses_of(db, row)]
    return _in_words(row, reasons) if reasons else ""


def _in_words(row: tables.Round, reasons: list[str]) -> str:
    return f"Round {row.number} stays in the trash: {'; '.join(reasons)}."


def _reasons(db: Session, row: tables.Round) -> Iterator[str]:
    """What stands on the round itself; `needs.uses_of` says what stands on its samples."""
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
    project = tables.Project
    of_rounds = select(round_.number).join(project, project.id == round_.project_id)
    of_rounds = of_rounds.where(project.preview_id.is_(None)).order_by(round_.number)
    numbers = db.scalars(of_rounds.where(came[0] | came[1])).all()
    if numbers:
        which = "that" if len(numbers) == 1 else "those"
        yield f"{needs.in_words(list(numbers)).lower()} came from it; delete {which} first"
    named = db.scalar(select(prompt_set.name).where(prompt_set.round_id == row.id).order_by(prompt_set.id).limit(1))
    if named is not None:
        yield (
            f"it made the prompt set {named!r}; where nothing uses that, put it in the trash on the page Prompts, if "
            "it is not there yet, and delete it there first (the page /projects, or `rondo trash delete-prompts`)"
        )
    if showing := _showing(db, row):
        verb, which = ("shows", "that") if len(showing) == 1 else ("show", "those")
        yield (
            f"{needs.in_words(showing).lower()} {verb} its samples before prompts and could no longer say what was "
            f"asked; delete {which} first"
        )


def _showing(db: Session, row: tables.Round) -> list[int]:
    """The numbers of other rounds that show samples of this one before their prompts, those in the trash among them."""
    round_, sample = tables.Round, tables.Sample
    home_id = db.scalar(select(tables.Project.trash_of_id).where(tables.Project.id == row.project_id)) or 0
    here = or_(round_.project_id == home_id, round_.project_id.in_(moving.hidden_of(home_id)))
    query = select(round_.number, round_.few_shot).where(here, round_.id != row.id).order_by(round_.number)
    shown = {
        number: {id_ for step in few_shot.values() for id_ in step.get("ids", ())}
        for number, few_shot in db.execute(query)
        if few_shot
    }
    ours = set[int]()
    for some in in_chunks(sorted(set().union(*shown.values()))):
        ours.update(db.scalars(select(sample.id).where(sample.id.in_(some), sample.round_id == row.id)))
    return [number for number, ids in shown.items() if ids & ours]
