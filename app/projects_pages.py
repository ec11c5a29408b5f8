"""Projects: renaming them, the trash, and what comes back from it or is deleted for good.

Plain pages of forms, of no project in particular: whoever put their only project in the trash has no other.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AwareDatetime

from app import html
from app.addresses import page_path
from app.api.errors import status_of
from app.widgets import times
from app.widgets.formats import count
from backend.boundary import Id
from backend.errors import RondoError
from backend.services import projects
from backend.services.access import Actor
from backend.services.operations import clean_up
from backend.services.projects import deletion, trash
from backend.services.projects.own_files import Holdings
from backend.values import Role

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Since = Annotated[AwareDatetime, Form()]
SHOWN = 50
"""So many files are listed; `rondo clean-up` lists all."""
UNITS = ("bytes", "kB", "MB", "GB", "TB")


@router.get("/projects")
def show(request: Request) -> Response:
    """List the person's projects and what is in the trash; `?leftovers=1`: the files that nothing refers to, too."""
    return _list(request)


@router.post("/projects/{project_id}/rename")
def rename(request: Request, project_id: Id, name: Text) -> Response:
    """Give a project another name."""
    return _done(request, lambda actor: projects.edit(actor, project_id, name=name))


@router.post("/projects/{project_id}/trash")
def trash_project(request: Request, project_id: Id) -> Response:
    """Put a project in the trash."""
    return _done(request, lambda actor: trash.put_project(actor, project_id))


@router.post("/projects/trash/{entry_id}/restore")
def restore(request: Request, entry_id: Id) -> Response:
    """Bring a project back, and go there."""
    actor = _actor(request)
    try:
        project_id = trash.restore(actor, entry_id)
    except RondoError as error:
        return _list(request, error)
    return RedirectResponse(page_path(projects.get(actor, project_id).slug), 303)


@router.get("/projects/trash/{entry_id}/delete")
def ask_to_delete(request: Request, entry_id: Id) -> Response:
    """Say what would be deleted."""
    actor = _actor(request)
    try:
        entry, held = trash.get(actor, entry_id), deletion.contents(actor, entry_id)
    except RondoError as error:
        return _list(request, error)
    return html.page(
        request,
        "delete",
        title=f"Delete {entry.name} for good?",
        entry=entry,
        lines=lines(held),
        action=f"/projects/trash/{entry_id}/delete",
        since=entry.trashed_at.isoformat(),
    )


@router.post("/projects/trash/{entry_id}/delete")
def delete_for_good(request: Request, entry_id: Id, since: Since) -> Response:
    """Delete it, if it is what the person was asked about."""
    return _done(request, lambda actor: deletion.delete_for_good(actor, entry_id, since))


@router.post("/projects/clean-up")
def delete_leftovers(request: Request) -> Response:
    """Delete the files that nothing refers to."""
    return _done(request, clean_up.delete)


def lines(held: Holdings) -> list[tuple[str, str]]:
    """What something holds, as pairs of a name and a number."""
    return [
        ("Rounds", count(held.rounds)),
        ("Samples", count(held.samples)),
        ("Decisions", count(held.decisions)),
        ("Answers", count(held.answers)),
        ("Checkpoints", count(held.checkpoints)),
        ("Files", in_bytes(held.num_bytes)),
    ]


def in_bytes(number: int) -> str:
    """`1.5 GB`."""
    size, unit = float(number), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.0f} {UNITS[unit]}" if unit == 0 else f"{size:,.1f} {UNITS[unit]}"


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.signed_in.actor
    return actor


def _done(request: Request, act: Callable[[Actor], object]) -> Response:
    try:
        act(_actor(request))
    except RondoError as error:
        return _list(request, error)
    return RedirectResponse("/projects", 303)


def _list(request: Request, error: RondoError | None = None) -> Response:
    """The list, with what was refused above it."""
    times.see_from(request)
    actor, left = _actor(request), None
    try:
        if actor.is_owner and "leftovers" in request.query_params:
            left = _leftovers(actor)
    except RondoError as refused:
        error = error or refused
    mine = [
        {"id": one.id, "name": one.name, "href": page_path(one.slug), "is_admin": one.role.rank >= Role.admin.rank}
        for one in projects.list_mine(actor)
    ]
    trashed = [{"entry": one, "since": times.moment(one.trashed_at)} for one in trash.list_mine(actor)]
    return html.page(
        request,
        "projects",
        title="Projects",
        status=status_of(error) if error is not None else 200,
        problem=error.message if error is not None else "",
        mine=mine,
        trashed=trashed,
        is_owner=actor.is_owner,
        left=left,
    )


def _leftovers(actor: Actor) -> dict[str, object]:
    """The files that nothing refers to. Finding them reads the whole data folder: only whoever asks for them waits."""
    found = clean_up.find(actor)
    shown = [{"path": one.path, "why": one.why, "size": in_bytes(one.num_bytes)} for one in found[:SHOWN]]
    rest = len(found) - len(shown)
    return {"files": shown, "rest": rest, "size": in_bytes(sum(one.num_bytes for one in found))}
