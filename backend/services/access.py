"""The actor of a call, and the permission check of every service."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Select, bindparam, select, true
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, is_among, run
from backend.db.roles import may_decide as may_decide
from backend.errors import NotFound, NotSignedIn, PermissionDenied
from backend.services import unfinished
from backend.values import Role

INACTIVE = "Your account is no longer active. Ask the person who runs this installation."


class OfProject(Protocol):
    """A row of a table whose rows belong to projects."""

    @property
    def project_id(self) -> int: ...


Row = TypeVar("Row", bound=OfProject)


@dataclass(frozen=True)
class Actor:
    """The person behind a call; `via`: page (and which), api, mcp, cli or rule. An owner is admin of every project."""

    user_id: int
    name: str
    is_owner: bool = False
    via: str = "page"


def _with_standing(query: Select[Any], begin: Any, project_id: Any) -> Select[Any]:
    """The query with what decides a person's role in a project, as columns; `begin` are tables, users among them."""
    user, member, project = tables.User.__table__.c, tables.Membership.__table__.c, tables.Project.__table__.c
    mine = (member.user_id == user.id) & (member.project_id == project_id)
    people = begin.outerjoin(tables.Membership.__table__, mine)
    return (
        query.add_columns(user.is_active, user.is_owner, member.role)
        .add_columns(project.id.label("project_id"), project.preview_id, project.trashed_at, project.trash_of_id)
        .select_from(people.outerjoin(tables.Project.__table__, project.id == project_id))
        .where(user.id == bindparam("user_id"))
    )


@built_once
def _standing() -> Any:
    """The statement that every call of a service runs."""
    return _with_standing(select(), tables.User.__table__, bindparam("project_id"))


@built_once
def _row_and_standing(table: Any) -> Any:
    both = table.__table__.join(tables.User.__table__, true())
    return _with_standing(select(table), both, table.__table__.c.project_id).where(table.id == bindparam("row_id"))


@built_once
def _held_with_standing(table: Any, role: Role) -> Any:
    """The same for whoever has the role, with the row held for as long as nobody else changes it: others hold none."""
    user, member = tables.User.__table__.c, tables.Membership.__table__.c
    has_role = user.is_owner | is_among(member.role, [other for other in Role if other.rank >= role.rank])
    query = _row_and_standing(table).where(has_role).with_for_update(of=table, read=True, skip_locked=True)
    return query.execution_options(populate_existing=True)


def find(db: Session, actor: Actor, table: type[Row], row_id: int, role: Role, *, holds: bool = False) -> Row | None:
    """The row of a project, in one statement, if the actor has that role in it; None otherwise, for whatever reason.

    holds: nobody changes the row before the transaction ends; None, too, where somebody does so now.
    """
    query = _held_with_standing(table, role) if holds else _row_and_standing(table)
    row = db.execute(query, {"row_id": row_id, "user_id": actor.user_id}).one_or_none()
    if row is None:
        return None
    has = _role(row, in_trash=False)
    return cast(Row, row[0]) if has is not None and has.rank >= role.rank else None


def role_of(db: Session, actor: Actor, project_id: int, *, in_trash: bool = False) -> Role | None:
    """Return the actor's role in the project, or None when there is no such project or no membership.

    Nobody has a role in what lies in the trash. in_trash: the role that the actor would have if it did not lie there;
    None where it does not. Read from the rows at every call: a role taken away counts from the next call on.
    """
    db.flush()  # changes to people and projects that are not in the database yet
    row = run(db, _standing(), {"user_id": actor.user_id, "project_id": project_id}).one_or_none()
    return _role(row, in_trash=in_trash)


def role_at_home(db: Session, actor: Actor, project_id: int) -> Role | None:
    """As `role_of`; of a round in the trash, the role in the project that it came from."""
    role = role_of(db, actor, project_id)
    if role is not None:
        return role
    home_id = db.scalar(select(tables.Project.trash_of_id).where(tables.Project.id == project_id))
    return None if home_id is None else role_of(db, actor, home_id)


def _role(row: Any, *, in_trash: bool) -> Role | None:
    if row is None or not row.is_active:
        raise NotSignedIn(INACTIVE)
    if (row.trashed_at is not None) is not in_trash or row.trash_of_id is not None:
        return None
    if row.is_owner:
        return Role.admin if row.project_id is not None and row.preview_id is None else None
    return cast(Role | None, row.role)


def require(db: Session, actor: Actor, project_id: int, role: Role) -> None:
    """Raise unless the actor has at least that role. A stranger learns nothing: the project is not found."""
    has = role_of(db, actor, project_id)
    if has is None:
        raise NotFound(
            _said_of_trash(db, actor, project_id) or f"There is no project {project_id}. Choose one from the list."
        )
    if has.rank < role.rank:
        raise PermissionDenied(
            f"This needs the role {role}; yours in this project is {has}. Ask a project admin to change it."
        )


def require_row(db: Session, actor: Actor, row: Row | None, role: Role, missing: str) -> Row:
    """Return the row of a project if the actor has that role in it; raises `NotFound`, `PermissionDenied`.

    missing: what is said where there is no such row, and to strangers, who do not learn that there is.
    """
    if row is None:
        raise NotFound(missing)
    require_in(db, actor, row.project_id, role, missing)
    return row


def require_in(db: Session, actor: Actor, project_id: int | None, role: Role, missing: str) -> None:
    """As `require_row`, by the project of the row; None where there is no such row."""
    if project_id is None:
        raise NotFound(missing)
    try:
        require(db, actor, project_id, role)
    except NotFound as error:
        hidden = db.get(tables.Project, project_id)
        of_round = hidden is not None and hidden.trash_of_id is not None
        why = _said_of_trash(db, actor, project_id) if of_round else ""
        raise NotFound(why or missing) from error


def _said_of_trash(db: Session, actor: Actor, project_id: int) -> str:
    """That what was asked for lies in the trash, and the way back; empty where it does not or is not the actor's."""
    row = db.get(tables.Project, project_id)
    if row is None or row.trashed_at is None:
        return ""
    if row.trash_of_id is not None:
        return _said_of_round(db, actor, row)
    role = role_of(db, actor, project_id, in_trash=True)
    if role is None:
        return ""
    if row.is_deleting:
        return (
            f"The project {row.name} is deleted in part and cannot come back. An owner of this installation can delete "
            "it again, which ends that."
        )
    back = f"The page /projects or `rondo trash restore {project_id}` brings it back."
    if role.rank < Role.admin.rank:
        back = f"One of its admins can bring it back, on the page /projects or with `rondo trash restore {project_id}`."
    return f"The project {row.name} is in the trash since {row.trashed_at:%Y-%m-%d %H:%M} UTC. {back}"


def _said_of_round(db: Session, actor: Actor, hidden: tables.Project) -> str:
    """The same of the round, or of the prompt set, that lies in the trash in that hidden project."""
    if unfinished.is_unfinished(hidden):
        return ""
    home_id, row = hidden.trash_of_id, tables.Round
    number = db.scalar(select(row.number).where(row.project_id == hidden.id))
    if home_id is None:
        return ""
    if role_of(db, actor, home_id) is None:
        return _said_of_trash(db, actor, home_id)  # all of the project may be there
    if number is None:
        return _said_of_set(db, hidden)
    if hidden.is_deleting:
        return f"Round {number} is deleted in part and cannot come back. An owner can delete it again, which ends that."
    return (
        f"Round {number} is in the trash since {_since(db, hidden)}. A curator can bring it back, on the page "
        f"/projects or with `rondo round restore {number}`."
    )


def _said_of_set(db: Session, hidden: tables.Project) -> str:
    row = tables.PromptSet
    prompt_set = db.execute(select(row.id, row.name).where(row.project_id == hidden.id)).one_or_none()
    if prompt_set is None:
        return ""
    return (
        f"The prompt set {prompt_set.name!r} is in the trash since {_since(db, hidden)}. A curator can bring it back, "
        f"on the page /projects or with `rondo trash restore-prompts {prompt_set.id}`."
    )


def _since(db: Session, hidden: tables.Project) -> str:
    who = db.get(tables.User, hidden.trashed_by) if hidden.trashed_by is not None else None
    return f"{hidden.trashed_at:%Y-%m-%d %H:%M} UTC{f', put there by {who.name}' if who is not None else ''}"


def account(db: Session, actor: Actor, *, lock: bool = False) -> tables.User:
    """The actor's row as it is now; raises `NotSignedIn` where the account is not active any more."""
    user = db.get(tables.User, actor.user_id, with_for_update=lock)
    if user is None or not user.is_active:
        raise NotSignedIn(INACTIVE)
    return user


def is_owner(db: Session, actor: Actor) -> bool:
    """Whether the actor owns the installation, by the rows as they are now."""
    user = db.get(tables.User, actor.user_id)
    return user is not None and user.is_active and user.is_owner


def require_owner(db: Session, actor: Actor) -> None:
    """Raise unless the actor owns the installation."""
    if not is_owner(db, actor):
        raise PermissionDenied("Only an owner of this installation may do this. Ask one of them.")
