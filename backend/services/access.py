"""Who acts, and the one permission check."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import NotFound, NotSignedIn, PermissionDenied
from backend.values import Role


@dataclass(frozen=True)
class Actor:
    """The person behind a call; `via` is page (and which), api, cli or rule. An owner is admin of every project."""

    user_id: int
    name: str
    is_owner: bool = False
    via: str = "page"


def _standing() -> Any:
    """What decides a person's role in a project, as one statement: every call of a service asks for it."""
    user, member, project = tables.User, tables.Membership, tables.Project
    return (
        select(user.is_active, user.is_owner, member.role, project.id.label("project_id"), project.preview_id)
        .outerjoin(member, (member.user_id == user.id) & (member.project_id == bindparam("project_id")))
        .outerjoin(project, project.id == bindparam("project_id"))
        .where(user.id == bindparam("user_id"))
    )


_STANDING = _standing()


def role_of(db: Session, actor: Actor, project_id: int) -> Role | None:
    """Return the actor's role in the project, or None when there is no such project or no membership.

    Read from the rows at every call: a role taken away counts from the next call on.
    """
    found = db.execute(_STANDING, {"user_id": actor.user_id, "project_id": project_id}).one_or_none()
    if found is None or not found.is_active:
        raise NotSignedIn("Your account is no longer active. Ask the person who runs this installation.")
    if found.is_owner:
        return Role.admin if found.project_id is not None and found.preview_id is None else None
    return cast(Role | None, found.role)


def may_decide(project_id: int) -> Select[int]:
    """The ids of those who may decide on items of the project now."""
    user, member = tables.User, tables.Membership
    is_member = (member.user_id == user.id) & (member.project_id == project_id)
    roles = [role for role in Role if role.rank >= Role.reviewer.rank]
    return select(user.id).outerjoin(member, is_member).where(user.is_active, user.is_owner | member.role.in_(roles))


def require(db: Session, actor: Actor, project_id: int, role: Role) -> None:
    """Raise unless the actor has at least that role. A stranger learns nothing: the project is not found."""
    has = role_of(db, actor, project_id)
    if has is None:
        raise NotFound(f"There is no project {project_id}. Choose one from the list.")
    if has.rank < role.rank:
        raise PermissionDenied(
            f"This needs the role {role}; yours in this project is {has}. Ask a project admin to change it."
        )


def is_owner(db: Session, actor: Actor) -> bool:
    """Whether the actor owns the installation, by the rows as they are now."""
    user = db.get(tables.User, actor.user_id)
    return user is not None and user.is_active and user.is_owner


def require_owner(db: Session, actor: Actor) -> None:
    """Raise unless the actor owns the installation."""
    if not is_owner(db, actor):
        raise PermissionDenied("Only an owner of this installation may do this. Ask one of them.")
