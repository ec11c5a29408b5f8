"""A prompt set's way back from the trash, or out for good: plain pages of forms, beside those of whole projects."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app import html
from app.addresses import page_path
from app.projects_pages import Since, actor_of, listing
from app.widgets.formats import count
from backend.boundary import Id
from backend.errors import RondoError
from backend.services import projects
from backend.services.prompts import set_trash
from backend.translations import N_, gettext

router = APIRouter(include_in_schema=False)


@router.post("/projects/prompt-sets/{set_id}/restore")
def restore_set(request: Request, set_id: Id) -> Response:
    """Bring a prompt set back, and go there."""
    actor = actor_of(request)
    try:
        entry = set_trash.restore(actor, set_id)
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse(f"{page_path(projects.get(actor, entry.project_id).slug)}prompts?set={set_id}", 303)


@router.get("/projects/prompt-sets/{set_id}/delete")
def ask_to_delete_set(request: Request, set_id: Id) -> Response:
    """Say what would be deleted."""
    try:
        entry = set_trash.get(actor_of(request), set_id)
    except RondoError as error:
        return listing(request, error)
    return html.page(
        request,
        "delete",
        title=gettext("Delete {name} for good?").format(name=entry.name),
        entry=entry,
        lines=[(N_("Prompts"), count(entry.num_prompts))],
        action=f"/projects/prompt-sets/{set_id}/delete",
        since=entry.trashed_at.isoformat(),
        refused=gettext("Only an admin of its project may do this."),
    )


@router.post("/projects/prompt-sets/{set_id}/delete")
def delete_set(request: Request, set_id: Id, since: Since) -> Response:
    """Delete it, if it is what the person was asked about."""
    try:
        set_trash.delete_for_good(actor_of(request), set_id, since)
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse("/projects#trash", 303)
