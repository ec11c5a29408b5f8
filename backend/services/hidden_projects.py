"""The trash of a project's rounds and prompt sets: each lies in a hidden project, which nobody has a role in."""

import secrets
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from backend.db import now, reading, tables
from backend.services import unfinished
from backend.services.access import Actor, account, require
from backend.values import Role


def hide(db: Session, actor: Actor, home_id: int, what: str) -> int:
    """Make a hidden project for something of this project that goes to its trash, and return its id."""
    name = f"{what} in the trash {secrets.token_hex(8)}"
    hidden = tables.Project(name=name, trash_of_id=home_id, trashed_at=now(), trashed_by=actor.user_id)
    db.add(hidden)
    db.flush()
    return hidden.id


def query(row: type[tables.Round] | type[tables.PromptSet], actor: Actor) -> Select[Any]:
    """What is told of rows in the trash of projects that are not there themselves, the last to go there first.

    Its columns: `id`, `trashed_at`, `is_deleting`, the project's `home_id` and `home` (its name), `by` (who put it
    there) and `role` (the actor's in that project).
    """
    hidden, home, who, member = aliased(tables.Project), aliased(tables.Project), tables.User, tables.Membership
    mine = (member.project_id == home.id) & (member.user_id == actor.user_id)
    return (
        select(row.id, hidden.trashed_at, hidden.is_deleting, home.id.label("home_id"), home.name.label("home"))
        .add_columns(who.name.label("by"), member.role)
        .select_from(row)
        .join(hidden, hidden.id == row.project_id)
        .join(home, home.id == hidden.trash_of_id)
        .outerjoin(who, who.id == hidden.trashed_by)
        .outerjoin(member, mine)
        .where(home.trashed_at.is_(None), hidden.name.not_like(f"{unfinished.NAME}%"))
        .order_by(hidden.trashed_at.desc(), row.id.desc())
    )


def listed(actor: Actor, of_kind: Select[Any], project_id: int | None) -> list[tuple[Any, bool]]:
    """The rows of such a query in all projects that the actor is in, or in this one.

    Each stands beside whether the actor owns the installation.
    """
    columns = of_kind.selected_columns
    with reading() as db:
        if project_id is not None:
            require(db, actor, project_id, Role.viewer)
            of_kind = of_kind.where(columns.home_id == project_id)
        user = account(db, actor)
        if not user.is_owner:
            of_kind = of_kind.where(columns.role.is_not(None))
        return [(row, user.is_owner) for row in db.execute(of_kind)]
