"""Who acts, and the one permission check."""

from dataclasses import dataclass

from sqlalchemy import Select, select
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


def role_of(db: Session, actor: Actor, project_id: int) -> Role | None:
    """Return the actor's role in the project, or None when there is no such project or no membership.

    Read from the rows at every call: a role taken away counts from the next call on.
    """
    user = db.get(tables.User, actor.user_id)
    if user is None or not user.is_active:
        raise NotSignedIn("Your account is no longer active. Ask the person who runs this installation.")
    if user.is_owner:
        project = db.get(tables.Project, project_id)
        return Role.admin if project is not None and project.preview_id is None else None
    return db.scalar(
        select(tables.Membership.role).where(
            tables.Membership.project_id == project_id, tables.Membership.user_id == actor.user_id
        )
    )


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


def check_same(actor: Actor, user_id: int | None) -> None:
    """Raise `NotSignedIn` where an open page is somebody else's: its cookie is that of whoever signed in last."""
    if user_id is not None and user_id != actor.user_id:
        raise NotSignedIn(
            f"{actor.name} is signed in in this browser now, and this page is somebody else's. Nothing is saved under "
            f"the name of {actor.name}. Sign out there and sign in as yourself, in a new tab."
        )


def is_owner(db: Session, actor: Actor) -> bool:
    """Whether the actor owns the installation, by the rows as they are now."""
    user = db.get(tables.User, actor.user_id)
    return user is not None and user.is_active and user.is_owner


def require_owner(db: Session, actor: Actor) -> None:
    """Raise unless the actor owns the installation."""
    if not is_owner(db, actor):
        raise PermissionDenied("Only an owner of this installation may do this. Ask one of them.")
