"""Previews: a few prompts through the whole recipe of a round, before it is launched."""

from fastapi import APIRouter
from pydantic import Field

from app.api.depends import Asking
from app.api.rounds import Changes
from backend.boundary import Id
from backend.services import previews
from backend.services.previews import PreviewRow, PreviewView

router = APIRouter(tags=["rounds"])


class NewPreview(Changes):
    """The round to preview, as for `POST .../rounds`. `prompts`: how many are run through it."""

    prompts: int = Field(previews.PROMPTS, ge=1, le=previews.MOST_PROMPTS)


@router.get("/projects/{project_id}/previews")
def list_previews(actor: Asking, project_id: Id) -> list[PreviewRow]:
    """Newest first."""
    return previews.list_previews(actor, project_id)


@router.post("/projects/{project_id}/previews", status_code=202)
def start_preview(actor: Asking, project_id: Id, body: NewPreview) -> PreviewView:
    """Generate, judge, select and look at the training of a few prompts, in a job; nothing of it counts anywhere."""
    changes = Changes(**body.model_dump(exclude={"prompts"}, exclude_unset=True))
    preview_id = previews.start(actor, project_id, changes.plan(actor, project_id), num_prompts=body.prompts)
    return previews.get(actor, preview_id)


@router.get("/previews/{preview_id}")
def get_preview(actor: Asking, preview_id: Id) -> PreviewView:
    """A preview as far as it is: each question's texts with judgments, what was kept, what the trainer would read."""
    return previews.get(actor, preview_id)


@router.delete("/previews/{preview_id}", status_code=204)
def delete_preview(actor: Asking, preview_id: Id) -> None:
    """Delete a preview that has ended, with all that it wrote."""
    previews.delete(actor, preview_id)
