"""The trash of a project's prompt sets: what lies there is nowhere else, and comes back as it was.

Only sets that nothing uses go there: a round would no longer say what it asked, and what is measured on has to stay
known to every import.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, aliased

from backend.db import reading, session, tables
from backend.db.giving_way import giving_way
from backend.errors import Conflict, NotFound
from backend.services import events, hidden_projects, prompts
from backend.services.access import Actor, is_owner, require_in
from backend.services.prompts.import_report import report_path
from backend.services.prompts.writer import opposite
from backend.values import Role, Split


@dataclass(frozen=True)
class TrashedSet:
    """A prompt set in the trash. `trashed_at` tells whether it is still the one that was looked at."""

    id: int
    project_id: int
    project: str
    name: str
    split: Split
    num_prompts: int
    trashed_at: datetime
    trashed_by: str
    may_restore: bool
    may_delete: bool


def put(actor: Actor, set_id: int) -> TrashedSet:
    """Put a prompt set in the trash; needs the role curator. Raises `Conflict` where something uses it."""

    def move(db: Session) -> None:
        row = prompts.removable(db, actor, set_id, Role.curator, act="put in the trash")
        home_id = row.project_id
        row.project_id = hidden_projects.hide(db, actor, home_id, "prompt set")
        events.note(db, actor, "trash prompts", row.name, project_id=home_id, prompt_set_id=set_id)

    giving_way(move)
    return get(actor, set_id)


def list_mine(actor: Actor, project_id: int | None = None) -> list[TrashedSet]:
    """The prompt sets in the trash of all projects that the actor is in, or of this one; the last to go there first."""
    return [_view(row, owns=owns) for row, owns in hidden_projects.listed(actor, _query(actor), project_id)]


def get(actor: Actor, set_id: int) -> TrashedSet:
    """One prompt set in the trash; raises `NotFound` where it is not there, or its project is not the actor's."""
    with reading() as db:
        return _find(db, actor, set_id, Role.viewer)


def restore(actor: Actor, set_id: int) -> TrashedSet:
    """Bring a prompt set back as it was, and return what it was there; needs the role curator.

    Raises `Conflict` where another set has its name by now, and where one of the other split asks one of its prompts.
    """
    with session() as db:
        entry = _find(db, actor, set_id, Role.curator)
        # Imports into the project end one after the other, and this as one of them.
        db.get_one(tables.Project, entry.project_id, with_for_update={"key_share": True})
        row = db.get_one(tables.PromptSet, set_id, with_for_update=True, populate_existing=True)
        if row.project_id == entry.project_id:
            raise Conflict(f"The prompt set {entry.name!r} is back already. Reload the page.")
        _refuse_taken(db, entry)
        hidden_id, row.project_id = row.project_id, entry.project_id
        db.flush()
        db.execute(delete(tables.Project).where(tables.Project.id == hidden_id))
        events.note(db, actor, "bring back prompts", row.name, project_id=entry.project_id, prompt_set_id=set_id)
        return entry


def delete_for_good(actor: Actor, set_id: int, since: datetime) -> TrashedSet:
    """Delete a prompt set that lies in the trash, and return what it was; needs the role admin.

    since: when it went there, as the caller was shown it. Raises `Conflict` where it went there anew since.
    """
    with session() as db:
        entry = _find(db, actor, set_id, Role.admin)
        row = db.get_one(tables.PromptSet, set_id, with_for_update=True, populate_existing=True)
        if entry.trashed_at != since or row.project_id == entry.project_id:
            raise Conflict(
                f"The prompt set {entry.name!r} was put in the trash after you looked, so it stays. Look again."
            )
        hidden_id = row.project_id
        db.delete(row)
        db.flush()
        db.execute(delete(tables.Project).where(tables.Project.id == hidden_id))
        events.note(db, actor, "delete prompts", row.name, project_id=entry.project_id, prompt_set_id=set_id)
    for suffix in ("json", "csv"):
        report_path(set_id, suffix).unlink(missing_ok=True)
    return entry


def _refuse_taken(db: Session, entry: TrashedSet) -> None:
    row, prompt, other = tables.PromptSet, tables.Prompt, aliased(tables.Prompt)
    here = row.project_id == entry.project_id
    if db.scalar(select(row.id).where(here, row.name == entry.name)) is not None:
        raise Conflict(
            f"There is another prompt set {entry.name!r} in {entry.project} by now. Put that one in the trash first."
        )
    both = select(row.name, prompt.text).join(other, other.prompt_set_id == row.id)
    both = both.join(prompt, prompt.text_key == other.text_key).where(prompt.prompt_set_id == entry.id)
    overlap = db.execute(both.where(here, row.split == opposite(entry.split)).limit(1)).one_or_none()
    if overlap is not None:
        raise Conflict(
            f"The prompt set {overlap.name!r}, on the other side of the split, has the prompt {overlap.text[:60]!r} by "
            f"now, and what is measured on is never trained on. {entry.name!r} stays in the trash while it is there."
        )


def _find(db: Session, actor: Actor, set_id: int, role: Role) -> TrashedSet:
    missing = f"There is no prompt set {set_id} in the trash. The page /projects and `rondo trash list` show what is."
    entry = db.execute(_query(actor).where(tables.PromptSet.id == set_id)).one_or_none()
    require_in(db, actor, None if entry is None else entry.home_id, role, missing)
    if entry is None:
        raise NotFound(missing)
    return _view(entry, owns=is_owner(db, actor))


def _query(actor: Actor) -> Select[Any]:
    row, query = tables.PromptSet, hidden_projects.query(tables.PromptSet, actor)
    # A round that is being deleted holds its own sets in its hidden project for a while.
    query = query.where(query.selected_columns.is_deleting.is_(False))
    return query.add_columns(row.name, row.split, row.num_prompts)


def _view(entry: Any, *, owns: bool) -> TrashedSet:
    rank = Role.admin.rank if owns else -1 if entry.role is None else entry.role.rank
    return TrashedSet(
        entry.id,
        entry.home_id,
        entry.home,
        entry.name,
        entry.split,
        entry.num_prompts,
        entry.trashed_at,
        entry.by or "",
        rank >= Role.curator.rank,
        rank >= Role.admin.rank,
    )
