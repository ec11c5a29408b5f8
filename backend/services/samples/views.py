"""Views: filters, an order and columns of the list of samples under a name, one's own or shared with the project.

A view holds what is asked and no rows: who opens it sees what they may see, and what a blind review hides is refused as
if they had set the filters themselves.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import now, reading, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.db.search import parse
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import events, stale
from backend.services.access import Actor, require, require_row, role_of
from backend.services.rounds import get_row
from backend.values import JSON, Role

MOST = 200
"""So many views one person keeps in a project."""
MOST_COLUMNS = 30
CHANGE = "change view"
"""The verb of a change in the audit trail."""


@dataclass(frozen=True)
class ViewQuery:
    """What a view asks a list for. `columns`: the prompts' metadata that are columns; None means the usual ones."""

    filters: Filters = field(default_factory=Filters)
    sort: Sort = field(default_factory=Sort)
    columns: tuple[str, ...] | None = None

    def to_json(self) -> JSON:
        order: JSON = {"sort": str(self.sort.key), "descending": self.sort.descending}
        if self.sort.then is not None:
            order |= {"then": str(self.sort.then), "then_descending": self.sort.then_descending}
        return {"filters": self.filters.changed(), "columns": self.columns} | order

    @classmethod
    def of(cls, given: JSON) -> "ViewQuery":
        """What `to_json` wrote, lists in it as a database gives them back."""
        filters: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given["filters"].items()
        }
        columns = given["columns"]
        then = SortKey(given["then"]) if given.get("then") else None
        down, then_down = given["descending"], given.get("then_descending", False)
        sort = Sort(SortKey(given["sort"]), descending=down, then=then, then_descending=then_down)
        return cls(Filters(**filters), sort, None if columns is None else tuple(columns))


@dataclass(frozen=True)
class ViewOfSamples:
    """`is_own`: who asks made it. `created_by`: who made it.

    `is_readable`: False where another version wrote what it asks for, of which nothing is in `asked` then.
    """

    id: int
    project_id: int
    name: str
    is_shared: bool
    is_own: bool
    created_by: str
    asked: ViewQuery
    updated_at: datetime
    is_readable: bool = True
    version: int = 1
    """Counts its changes."""

    def readable(self) -> ViewQuery:
        """What it asks for; raises `Conflict` where this version cannot read it."""
        if not self.is_readable:
            raise Conflict(f"{self.name!r} was kept by another version, which this one cannot read. Delete it.")
        return self.asked


def list_views(actor: Actor, project_id: int) -> list[ViewOfSamples]:
    """Return the actor's own views and those that are shared, by name."""
    row = tables.SampleView
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = _visible(actor).where(row.project_id == project_id).order_by(func.lower(row.name), row.id)
        return [_view(actor, view, author) for view, author in db.execute(query)]


def get(actor: Actor, view_id: int) -> ViewOfSamples:
    """Return one; raises `NotFound`, for others' own views too."""
    with reading() as db:
        return _view(actor, *_find(db, actor, view_id))


def of_round(actor: Actor, view_id: int, round_id: int) -> ViewOfSamples:
    """Return one of the project of this round; raises `NotFound` for another project's, too."""
    with reading() as db:
        round_, (view, author) = get_row(db, actor, round_id), _find(db, actor, view_id)
        if view.project_id != round_.project_id:
            raise NotFound(f"There is no view {view_id} in the project of this round. Choose one from its list.")
        return _view(actor, view, author)


def save(
    actor: Actor, project_id: int, name: str, asked: ViewQuery, *, is_shared: bool = False, or_alone: bool = False
) -> ViewOfSamples:
    """Keep what is asked as a view of the actor's; to share it takes a curator. `or_alone`: who is none keeps it alone.

    Raises `Conflict` where the actor has a view of that name here, and `InvalidInput` for a search that cannot be read.
    """
    name = boundary.name(name, "The view's name")
    _check(asked)
    with session() as db:
        if is_shared and or_alone:
            role = role_of(db, actor, project_id)
            is_shared = role is not None and role.rank >= Role.curator.rank
        require(db, actor, project_id, Role.curator if is_shared else Role.viewer)
        # The same person may save in two tabs at once.
        db.get(tables.Project, project_id, with_for_update=True)
        _refuse_taken(db, project_id, actor.user_id, name)
        row = tables.SampleView
        number = db.scalar(select(func.count()).where(row.project_id == project_id, row.created_by == actor.user_id))
        if (number or 0) >= MOST:
            raise Conflict(f"You keep {MOST} views in this project, and more are not kept. Delete one of them.")
        view = row(project_id=project_id, created_by=actor.user_id, name=name, is_shared=is_shared)
        view.asked, view.updated_at = asked.to_json(), now()
        db.add(view)
        db.flush()
        _note(db, actor, "save view", view, is_noted=is_shared)
        return _view(actor, *_find(db, actor, view.id))


def change(
    actor: Actor,
    view_id: int,
    *,
    name: str | None = None,
    asked: ViewQuery | None = None,
    is_shared: bool | None = None,
    version: int | None = None,
) -> ViewOfSamples:
    """Rename a view, change what it asks for, share it or take it back; what is not given stays.

    `version`: the one that was read; raises `Stale` where the view has another one now. A view that is shared, before
    or after, takes a curator. Only who made it takes it back: it is theirs alone then.
    """
    if asked is not None:
        _check(asked)
    with session() as db:
        # Two people may change it at once.
        db.get(tables.SampleView, view_id, with_for_update=True)
        view, _ = _find(db, actor, view_id)
        is_noted = view.is_shared or bool(is_shared)
        require(db, actor, view.project_id, Role.curator if is_noted else Role.viewer)
        if view.is_shared and is_shared is False and view.created_by != actor.user_id:
            raise PermissionDenied(
                "Only who made a view takes it back: it would be theirs alone. Leave it shared, or delete it."
            )
        current = {"name": view.name, "is_shared": view.is_shared, "shows": view.asked}
        given = {"name": name, "is_shared": is_shared, "shows": None if asked is None else asked.to_json()}
        stale.refuse(f"The view {view.name!r}", version, view.version, current, given)
        if name is not None:
            kept = boundary.name(name, "The view's name")
            db.get(tables.Project, view.project_id, with_for_update=True)
            _refuse_taken(db, view.project_id, view.created_by, kept, but=view_id)
            view.name = kept
        view.asked = view.asked if asked is None else asked.to_json()
        view.is_shared = view.is_shared if is_shared is None else is_shared
        view.updated_at, view.version = now(), view.version + 1
        _note(db, actor, CHANGE, view, is_noted=is_noted)
        db.flush()
        author = db.get(tables.User, view.created_by) if view.created_by else None
        return _view(actor, view, author.name if author else None)


def changed_by(actor: Actor, view_id: int) -> str:
    """Who changed a view last, while it was shared; nothing where nobody did."""
    event, user = tables.Event, tables.User
    with reading() as db:
        view, _ = _find(db, actor, view_id)
        query = select(user.name).select_from(event).outerjoin(user, user.id == event.user_id)
        query = query.where(event.project_id == view.project_id, event.verb == CHANGE)
        query = query.where(event.details["view_id"].as_integer() == view_id).order_by(event.id.desc()).limit(1)
        return db.scalar(query) or ""


def delete(actor: Actor, view_id: int) -> None:
    """Delete one's own view, or as a curator one that is shared."""
    with session() as db:
        view, _ = _find(db, actor, view_id)
        require(db, actor, view.project_id, Role.curator if view.is_shared else Role.viewer)
        _note(db, actor, "delete view", view, is_noted=view.is_shared)
        db.delete(view)


def _visible(actor: Actor) -> Select[tables.SampleView, str]:
    """Views with the names of who made them, as far as the actor may see them."""
    row, user = tables.SampleView, tables.User
    query = select(row, user.name).outerjoin(user, user.id == row.created_by)
    return query.where(or_(row.created_by == actor.user_id, row.is_shared))


def _find(db: Session, actor: Actor, view_id: int) -> tuple[tables.SampleView, str | None]:
    """The row and its author; a foreign project's does not exist, and neither does another's own."""
    missing = f"There is no view {view_id} here. Choose one from the list."
    row, author = db.execute(_visible(actor).where(tables.SampleView.id == view_id)).tuples().first() or (None, None)
    return require_row(db, actor, row, Role.viewer, missing), author


def _check(asked: ViewQuery) -> None:
    """Raise `InvalidInput` for what no list could be asked for."""
    if asked.sort.key is SortKey.prompt:
        raise InvalidInput("The order by prompt is for pages of a search only. Choose another one.")
    filters = asked.filters
    for word, low, high in (
        ("Scores", filters.min_score, filters.max_score),
        ("Tokens", filters.min_tokens, filters.max_tokens),
    ):
        if low is not None and high is not None and low > high:
            raise InvalidInput(f"{word} from {low:g} to {high:g} hold nothing. Give the lower one first.")
    for search in (filters.text, filters.prompt):
        if search:
            parse(search)
    if len(asked.columns or ()) > MOST_COLUMNS:
        raise InvalidInput(f"A view has up to {MOST_COLUMNS} columns of metadata. Leave some out.")
    for column in asked.columns or ():
        boundary.text(column, "The name of a column", boundary.MOST_LINE)


def _refuse_taken(db: Session, project_id: int, user_id: int | None, name: str, *, but: int = 0) -> None:
    """Raise `Conflict` where the person has another view of that name, in whatever case."""
    row = tables.SampleView
    is_theirs = row.created_by.is_(None) if user_id is None else row.created_by == user_id
    names = db.scalars(select(row.name).where(row.project_id == project_id, is_theirs, row.id != but))
    if name.casefold() in {other.casefold() for other in names}:
        raise Conflict(f"There is another view called {name!r}. Choose another name, or change that one.")


def _note(db: Session, actor: Actor, verb: str, view: tables.SampleView, *, is_noted: bool) -> None:
    """Write down what concerns others: one's own views do not."""
    if is_noted:
        events.note(db, actor, verb, view.name, project_id=view.project_id, view_id=view.id, asked=view.asked)


def _view(actor: Actor, row: tables.SampleView, author: str | None) -> ViewOfSamples:
    is_own, is_readable = row.created_by == actor.user_id, True
    try:
        asked = ViewQuery.of(row.asked)
    except (InvalidInput, AttributeError, KeyError, TypeError, ValueError):
        asked, is_readable = ViewQuery(), False
    kept = (row.id, row.project_id, row.name, row.is_shared, is_own, author or "", asked, row.updated_at)
    return ViewOfSamples(*kept, is_readable, row.version)
