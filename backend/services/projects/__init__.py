"""Projects: one loop each, seen by its members only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, session, tables
from backend.db.slugs import normal
from backend.db.tables.project import slug_for
from backend.errors import Conflict
from backend.services import events
from backend.services.access import Actor, account, require, require_owner, role_of
from backend.values import Role

MAX_DESCRIPTION = 10_000
MAX_GUIDELINES = 100_000


@dataclass(frozen=True)
class ProjectView:
    """A project and the actor's role in it; its pages are at /p/SLUG/."""

    id: int
    name: str
    slug: str
    description: str
    guidelines: str
    defaults: dict[str, Any]
    role: Role
    created_at: datetime


def create(actor: Actor, name: str, *, description: str = "", defaults: dict[str, Any] | None = None) -> int:
    """Start a project; only owners of the installation do."""
    boundary.text(description, "The description", MAX_DESCRIPTION)
    with session() as db:
        require_owner(db, actor)
        row = tables.Project(name=_usable(name), description=description, defaults=defaults or {})
        db.add(row)
        _flush(db, row.name)
        events.note(db, actor, "make project", row.name, project_id=row.id)
        return row.id


def list_mine(actor: Actor) -> list[ProjectView]:
    """Return the projects the actor may see, by name."""
    with reading() as db:
        user = account(db, actor)
        statement = (
            select(tables.Project, tables.Membership.role)
            .outerjoin(
                tables.Membership,
                (tables.Membership.project_id == tables.Project.id) & (tables.Membership.user_id == user.id),
            )
            .where(tables.Project.preview_id.is_(None), tables.Project.trashed_at.is_(None))
            .order_by(tables.Project.name)
        )
        if not user.is_owner:
            statement = statement.where(tables.Membership.role.is_not(None))
        return [_view(row, Role.admin if user.is_owner else role) for row, role in db.execute(statement)]


def get(actor: Actor, project_id: int) -> ProjectView:
    """Return one project."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        row, role = db.get(tables.Project, project_id), role_of(db, actor, project_id)
        assert row is not None
        assert role is not None
        return _view(row, role)


def edit(
    actor: Actor,
    project_id: int,
    *,
    name: str | None = None,
    description: str | None = None,
    guidelines: str | None = None,
    guidelines_before: str | None = None,
) -> None:
    """Change what a project is called, what it is for, and what reviewers are told; None leaves a field as it is.

    `guidelines_before`: what the new ones were made of; raises `Conflict` where somebody changed them since.
    """
    boundary.text(guidelines or "", "The text of the guidelines", MAX_GUIDELINES)
    boundary.text(description or "", "The description", MAX_DESCRIPTION)
    with session() as db:
        require(db, actor, project_id, Role.admin)
        row = db.get(tables.Project, project_id, with_for_update=True)
        assert row is not None
        if guidelines_before is not None and row.guidelines != guidelines_before:
            raise Conflict(
                "Somebody else saved other guidelines since you opened this page, so yours were not saved. Copy your "
                "text, reload the page, and put both together."
            )
        if name is not None:
            _rename(db, row, _usable(name))
        row.description = row.description if description is None else description
        row.guidelines = row.guidelines if guidelines is None else guidelines
        _flush(db, row.name)
        given = {"name": name, "description": description, "guidelines": guidelines}
        changed = [field for field, value in given.items() if value is not None]
        events.note(db, actor, "change project", row.name, project_id=project_id, changed=changed)


def choose(actor: Actor, project_id: int, *, session_id: int) -> None:
    """Make this the project that the actor's browser looks at."""
    with session() as db:
        require(db, actor, project_id, Role.viewer)
        db.execute(
            update(tables.LoginSession)
            .where(tables.LoginSession.id == session_id, tables.LoginSession.user_id == actor.user_id)
            .values(project_id=project_id)
        )


def current(actor: Actor, chosen_id: int | None) -> int | None:
    """Return the chosen project while the actor may see it, else their first one, else None."""
    mine = [project.id for project in list_mine(actor)]
    return chosen_id if chosen_id in mine else next(iter(mine), None)


def at(actor: Actor, asked: str) -> ProjectView | None:
    """Return the project that an address names; None where there is none, or none that the actor may see.

    An address names it by its slug, by one that it had before it was renamed, or by its exact name.
    """
    mine, slug = list_mine(actor), normal(asked)
    project = next((project for project in mine if project.slug == slug), None)
    if project is None and asked.isprintable():
        with reading() as db:
            before = db.scalar(select(tables.FormerSlug.project_id).where(tables.FormerSlug.slug == slug))
        project = next((project for project in mine if project.id == before), None)
    return project or next((project for project in mine if project.name == asked), None)


def _rename(db: Session, row: tables.Project, name: str) -> None:
    """Give it another name; its address follows, and the one before goes on to lead to it."""
    slug = slug_for(db.connection(), name, row.id)
    if slug != row.slug:
        db.execute(delete(tables.FormerSlug).where(tables.FormerSlug.slug == slug))
        db.add(tables.FormerSlug(slug=row.slug, project_id=row.id))
    row.name, row.slug = name, slug


def _usable(name: str) -> str:
    return boundary.name(name, "A project's name")


def _flush(db: Session, name: str) -> None:
    try:
        db.flush()
    except IntegrityError as error:
        raise Conflict(
            f"There is a project named {name!r} already, here or in the trash. Choose another name."
        ) from error


def _view(row: tables.Project, role: Role) -> ProjectView:
    return ProjectView(row.id, row.name, row.slug, row.description, row.guidelines, row.defaults, role, row.created_at)
