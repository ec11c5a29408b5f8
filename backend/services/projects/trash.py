"""The trash: projects that nobody sees any more, and that can be brought back as they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, reading, session, tables
from backend.db.slugs import normal
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import events
from backend.services.access import Actor, account, is_owner, require, role_of
from backend.values import JobStatus, Role

MOST_NAMED = 5


@dataclass(frozen=True)
class TrashEntry:
    """A project in the trash. `id` names it there, and `trashed_at` whether it is still the one that was looked at.

    `is_deleting`: its deletion was begun, so that it cannot come back, only be deleted again.
    """

    id: int
    name: str
    trashed_at: datetime
    trashed_by: str
    is_deleting: bool
    may_restore: bool
    may_delete: bool


def put_project(actor: Actor, project_id: int) -> int:
    """Put a project in the trash and return its number there; raises `Conflict` while a job of it runs."""
    with session() as db:
        require(db, actor, project_id, Role.admin)
        row = db.get_one(tables.Project, project_id, with_for_update=True, populate_existing=True)
        if row.trashed_at is not None:
            raise Conflict(f"{row.name} is in the trash already. Look at the page /projects.")
        _refuse_jobs(db, row)
        row.trashed_at, row.trashed_by = now(), actor.user_id
        events.note(db, actor, "trash project", row.name, project_id=project_id)
        return row.id


def list_mine(actor: Actor) -> list[TrashEntry]:
    """The projects in the trash that the actor is in, the newest first."""
    project, member, who = tables.Project, tables.Membership, tables.User
    with reading() as db:
        user = account(db, actor)
        own = (member.project_id == project.id) & (member.user_id == user.id)
        query = select(project, who.name, member.role).outerjoin(who, who.id == project.trashed_by)
        query = query.outerjoin(member, own).where(project.trashed_at.is_not(None), project.trash_of_id.is_(None))
        if not user.is_owner:
            query = query.where(member.role.is_not(None))
        rows = db.execute(query.order_by(project.trashed_at.desc(), project.id.desc())).tuples()
        return [
            _entry(row, name, Role.admin if user.is_owner else role, owns=user.is_owner) for row, name, role in rows
        ]


def get(actor: Actor, entry_id: int) -> TrashEntry:
    """One project in the trash."""
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
        for project_id in db.scalars(select(project.id).where(named, project.trashed_at.is_not(None))):
            if role_of(db, actor, project_id, in_trash=True) is not None:
                return find(db, actor, project_id)
    return None


def restore(actor: Actor, entry_id: int) -> int:
    """Bring a project back as it was, and return its id; raises `Conflict` where its deletion was begun."""
    with session() as db:
        row = db.get(tables.Project, entry_id, with_for_update=True)
        entry = find(db, actor, entry_id)
        assert row is not None
        if not entry.may_restore:
            raise PermissionDenied(
                f"Bringing a project back needs the role {Role.admin}. Ask one of its project admins."
            )
        if row.is_deleting:
            raise Conflict(f"{entry.name} is partly deleted and cannot come back. Delete it again, which ends that.")
        row.trashed_at = row.trashed_by = None
        events.note(db, actor, "restore project", row.name, project_id=row.id)
        return row.id


def find(db: Session, actor: Actor, entry_id: int) -> TrashEntry:
    """One project in the trash; raises `NotFound` where it is not there, or not for the actor."""
    role, row = role_of(db, actor, entry_id, in_trash=True), db.get(tables.Project, entry_id)
    if role is None or row is None:
        raise NotFound(f"There is nothing numbered {entry_id} in the trash. `rondo trash list` and /projects show it.")
    who = db.get(tables.User, row.trashed_by) if row.trashed_by is not None else None
    return _entry(row, who.name if who is not None else "", role, owns=is_owner(db, actor))


def _entry(row: tables.Project, who: str | None, role: Role, *, owns: bool) -> TrashEntry:
    assert row.trashed_at is not None
    is_admin = role.rank >= Role.admin.rank
    return TrashEntry(row.id, row.name, row.trashed_at, who or "", row.is_deleting, is_admin, owns)


def _refuse_jobs(db: Session, row: tables.Project) -> None:
    job = tables.Job
    query = select(job).where(job.project_id == row.id, job.status.in_(jobs.ACTIVE)).order_by(job.id)
    if active := db.scalars(query).all():
        named = ", ".join(_named(list(active)))
        raise Conflict(f"The project {row.name} has jobs that are not over: {named}. Cancel them or wait.")


def _named(active: list[tables.Job]) -> Iterator[str]:
    for job in active[:MOST_NAMED]:
        yield f"{job.id} ({job.stage}, {'running' if job.status is JobStatus.running else 'queued'})"
    if len(active) > MOST_NAMED:
        yield f"and {len(active) - MOST_NAMED} more"
