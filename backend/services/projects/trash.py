"""The trash: projects and rounds that nobody sees any more, and that can be brought back as they were.

A round in the trash belongs to a hidden project of its own (`Project.trash_of_id`), so that no list, number or export
of its project knows of it. Its samples and decisions keep the number of its project, by which nobody finds them.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, reading, session, tables
from backend.db.slugs import normal
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import events
from backend.services.access import Actor, is_owner, require, role_in_trash, role_of
from backend.services.projects import own_files, uses
from backend.services.rounds import RoundView, get_row, view
from backend.values import JobStatus, Role, RoundStatus

ENDED = (RoundStatus.done, RoundStatus.failed, RoundStatus.cancelled)
MOST_NAMED = 5
MOVED = (
    tables.Dataset,
    tables.Job,
    tables.Metric,
    tables.RoundWarning,
    tables.LeftOut,
    tables.PromptSet,
    tables.TemplateRewrite,
)
"""Rows of a round that also name its project, and by which lists of the project find them."""


@dataclass(frozen=True)
class TrashEntry:
    """One thing in the trash. `id` names it there; `home_id`: of a round, the project that it comes back to.

    `is_deleting`: its deletion was begun, so that it cannot come back, only be deleted again.
    """

    id: int
    kind: Literal["project", "round"]
    name: str
    home_id: int | None
    trashed_at: datetime
    trashed_by: str
    is_deleting: bool
    may_restore: bool
    may_delete: bool


def put_project(actor: Actor, project_id: int) -> int:
    """Put a project in the trash and return its number there; raises `Conflict` while a job of it runs."""
    with session() as db:
        require(db, actor, project_id, Role.admin)
        row = db.get_one(tables.Project, project_id, with_for_update=True)
        if row.trashed_at is not None:
            raise Conflict(f"{row.name} is in the trash already. Look at the page /projects.")
        _refuse_jobs(db, f"The project {row.name}", select(tables.Job).where(tables.Job.project_id == project_id))
        row.trashed_at, row.trashed_by = now(), actor.user_id
        events.note(db, actor, "trash project", row.name, project_id=project_id)
        return row.id


def put_round(actor: Actor, round_id: int) -> int:
    """Put a round in the trash and return its number there.

    Raises `Conflict` unless it has ended, while a job of it runs, and where something was built on it.
    """
    with session() as db:
        row = _find_round(db, actor, round_id)
        project_id, job = row.project_id, tables.Job
        # Jobs first, then the project, then the round: in this order everybody else locks them.
        of_round = select(job).where(job.round_id == round_id)
        db.scalars(of_round.with_for_update()).all()
        db.get_one(tables.Project, project_id, with_for_update=True)
        db.refresh(row, with_for_update=True)
        if row.project_id != project_id:
            raise Conflict(f"Round {row.number} is in the trash already. Look at the page /projects.")
        _refuse_jobs(db, f"Round {row.number}", of_round)
        if row.status not in ENDED:
            raise Conflict(f"Round {row.number} is {row.status}, so it is not put in the trash. Cancel it first.")
        uses.clear_previews(db, row)
        uses.refuse(db, row)
        hidden = tables.Project(
            name=f"trash {secrets.token_hex(16)}",
            trash_of_id=project_id,
            trashed_at=now(),
            trashed_by=actor.user_id,
        )
        db.add(hidden)
        db.flush()
        _move(db, row, hidden.id)
        events.note(db, actor, "trash round", f"round {row.number}", project_id=project_id, round_id=round_id)
        return hidden.id


def list_mine(actor: Actor) -> list[TrashEntry]:
    """What is in the trash of the projects that the actor is in, the newest first."""
    project, user = tables.Project, tables.User
    with reading() as db:
        query = select(project, user.name).outerjoin(user, user.id == project.trashed_by)
        query = query.where(project.trashed_at.is_not(None)).order_by(project.trashed_at.desc(), project.id.desc())
        found = [_entry(db, actor, row, who) for row, who in db.execute(query)]
    return [entry for entry in found if entry is not None]


def get(actor: Actor, entry_id: int) -> TrashEntry:
    """One thing in the trash."""
    with reading() as db:
        return find(db, actor, entry_id)


def at(actor: Actor, asked: str) -> TrashEntry | None:
    """The project in the trash whose address this was; None where there is none that the actor was in."""
    project, former = tables.Project, tables.FormerSlug
    if not asked.isprintable():
        return None
    with reading() as db:
        before = select(former.project_id).where(former.slug == normal(asked))
        named = (project.slug == normal(asked)) | project.id.in_(before)
        query = select(project.id).where(named, project.trashed_at.is_not(None), project.trash_of_id.is_(None))
        for project_id in db.scalars(query):
            if role_in_trash(db, actor, project_id) is not None:
                return find(db, actor, project_id)
    return None


def restore(actor: Actor, entry_id: int) -> int:
    """Bring a project or a round back as it was, and return the project's id.

    Raises `Conflict` where its deletion was begun, or where a name that it needs was taken meanwhile.
    """
    with session() as db:
        row = db.get(tables.Project, entry_id, with_for_update=True)
        entry = find(db, actor, entry_id)
        assert row is not None
        if not entry.may_restore:
            needed = Role.admin if entry.kind == "project" else Role.curator
            raise PermissionDenied(f"Bringing this {entry.kind} back needs the role {needed}. Ask a project admin.")
        if row.is_deleting:
            raise Conflict(f"{entry.name} is partly deleted and cannot come back. Delete it again, which ends that.")
        if entry.home_id is None:
            row.trashed_at = row.trashed_by = None
            events.note(db, actor, "restore project", row.name, project_id=row.id)
            return row.id
        round_ = db.scalars(select(tables.Round).where(tables.Round.project_id == entry_id)).one()
        try:
            _move(db, round_, entry.home_id)
        except IntegrityError as error:
            raise Conflict(
                f"{entry.name} cannot come back: a checkpoint or prompt set of its project has by now the name of one "
                "of its own. Rename that, then restore it."
            ) from error
        db.delete(row)
        place = {"project_id": entry.home_id, "round_id": round_.id}
        events.note(db, actor, "restore round", f"round {round_.number}", **place)
        return entry.home_id


def find(db: Session, actor: Actor, entry_id: int) -> TrashEntry:
    """One thing in the trash; raises `NotFound` where it is not there, or not for the actor."""
    row = db.get(tables.Project, entry_id)
    who = db.get(tables.User, row.trashed_by) if row is not None and row.trashed_by is not None else None
    entry = _entry(db, actor, row, who.name if who else "") if row is not None else None
    if entry is None:
        raise NotFound(f"There is nothing numbered {entry_id} in the trash. `rondo trash list` and /projects show it.")
    return entry


def offer(actor: Actor, round_id: int) -> tuple[RoundView, own_files.Holdings]:
    """A round and what it holds, for whoever may put it in the trash; raises what keeps it from there."""
    with reading() as db:
        row = _find_round(db, actor, round_id)
        if row.status not in ENDED:
            raise Conflict(f"Round {row.number} is {row.status}, so it is not put in the trash. Cancel it first.")
        uses.refuse(db, row)
        return view(row), own_files.of_round(db, row)


def _find_round(db: Session, actor: Actor, round_id: int) -> tables.Round:
    return get_row(db, actor, round_id, Role.curator)


def _entry(db: Session, actor: Actor, row: tables.Project, who: str | None) -> TrashEntry | None:
    if row.trashed_at is None:
        return None
    common = row.trashed_at, who or "", row.is_deleting
    if row.trash_of_id is None:
        has = role_in_trash(db, actor, row.id)
        if has is None:
            return None
        return TrashEntry(row.id, "project", row.name, None, *common, has.rank >= Role.admin.rank, is_owner(db, actor))
    has = role_of(db, actor, row.trash_of_id)
    if has is None:
        return None
    number = db.scalar(select(tables.Round.number).where(tables.Round.project_id == row.id))
    home = db.get_one(tables.Project, row.trash_of_id).name
    name = f"round {number} of {home}" if number is not None else f"what is left of a round of {home}"
    may = has.rank >= Role.curator.rank, has.rank >= Role.admin.rank
    return TrashEntry(row.id, "round", name, row.trash_of_id, *common, *may)


def _refuse_jobs(db: Session, what: str, of: Select[tables.Job]) -> None:
    active = db.scalars(of.where(tables.Job.status.in_(jobs.ACTIVE)).order_by(tables.Job.id)).all()
    if active:
        raise Conflict(f"{what} has jobs that are not over: {', '.join(_named(list(active)))}. Cancel them or wait.")


def _named(active: list[tables.Job]) -> Iterator[str]:
    for job in active[:MOST_NAMED]:
        yield f"{job.id} ({job.stage}, {'running' if job.status is JobStatus.running else 'queued'})"
    if len(active) > MOST_NAMED:
        yield f"and {len(active) - MOST_NAMED} more"


def _move(db: Session, round_: tables.Round, project_id: int) -> None:
    """Give a round, with what it made, to another project."""
    made = uses.made_by(db, round_)
    round_.project_id = project_id
    for table in MOVED:
        db.execute(update(table).where(table.round_id == round_.id).values(project_id=project_id))
    checkpoint = tables.Checkpoint
    db.execute(update(checkpoint).where(checkpoint.id.in_(made)).values(project_id=project_id))
    db.flush()
