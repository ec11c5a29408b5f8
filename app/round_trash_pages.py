"""A round's way into the trash, back, or out for good: plain pages of forms, beside those of whole projects."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app import html
from app.addresses import page_path
from app.api.errors import status_of
from app.projects_pages import Since, actor_of, lines, listing, trashed_name
from backend.boundary import Id
from backend.errors import RondoError
from backend.services import projects, round_trash, rounds
from backend.services.access import Actor
from backend.services.round_trash import emptying
from backend.translations import gettext

router = APIRouter(include_in_schema=False)


@router.get("/projects/rounds/{round_id}/trash")
def ask_to_trash(request: Request, round_id: Id) -> Response:
    """Say what becomes of the round, or why it has to stay."""
    return _asked(request, round_id)


@router.post("/projects/rounds/{round_id}/trash")
def trash_round(request: Request, round_id: Id) -> Response:
    """Put a round in the trash, and go to where it lies now."""
    try:
        round_trash.put(actor_of(request), round_id)
    except RondoError as error:
        return _asked(request, round_id, error)
    return RedirectResponse("/projects#trash", 303)


@router.post("/projects/rounds/{round_id}/restore")
def restore_round(request: Request, round_id: Id) -> Response:
    """Bring a round back, and go there."""
    actor = actor_of(request)
    try:
        round_trash.restore(actor, round_id)
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse(_page(actor, rounds.get(actor, round_id).project_id, f"round?round={round_id}"), 303)


@router.get("/projects/rounds/{round_id}/delete")
def ask_to_delete_round(request: Request, round_id: Id) -> Response:
    """Say what would be deleted, or what keeps it."""
    actor = actor_of(request)
    try:
        entry, held = round_trash.get(actor, round_id), emptying.contents(actor, round_id)
        kept = "" if entry.is_deleting else emptying.why_not(actor, round_id)
    except RondoError as error:
        return listing(request, error)
    return html.page(
        request,
        "delete",
        title=gettext("Delete {name} for good?").format(name=trashed_name(entry)),
        entry=entry,
        lines=lines(held),
        kept=kept,
        action=f"/projects/rounds/{round_id}/delete",
        since=entry.trashed_at.isoformat(),
    )


@router.post("/projects/rounds/{round_id}/delete")
def delete_round(request: Request, round_id: Id, since: Since) -> Response:
    """Delete it, if it is what the person was asked about."""
    try:
        emptying.delete_for_good(actor_of(request), round_id, since)
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse("/projects#trash", 303)


def _asked(request: Request, round_id: int, error: RondoError | None = None) -> Response:
    actor = actor_of(request)
    try:
        why, row = round_trash.why_not(actor, round_id), rounds.get(actor, round_id)
    except RondoError as refused:
        return listing(request, refused)
    return html.page(
        request,
        "trash_round",
        title=gettext("Move round {number} to the trash?").format(number=row.number),
        status=status_of(error) if error is not None else 200,
        why=why or (error.message if error is not None else ""),
        round=row,
        back=_page(actor, row.project_id, f"round?round={round_id}"),
    )


def _page(actor: Actor, project_id: int, path: str) -> str:
    return page_path(projects.get(actor, project_id).slug, f"/{path}")
