"""Comments at a sample: read, written, changed and deleted by those who see it."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.depends import Asking
from backend.boundary import Id, Note
from backend.services.samples import comments
from backend.services.samples.comments import CommentView, Thread

router = APIRouter(tags=["samples"])


class CommentText(BaseModel):
    """`@` and a person's name tells that person."""

    model_config = ConfigDict(extra="forbid")

    text: Note


@router.get("/samples/{sample_id}/comments")
def list_comments(actor: Asking, sample_id: Id) -> Thread:
    """The newest two hundred, oldest first; one's own alone, where colleagues' are hidden until one has decided."""
    return comments.read(actor, sample_id)


@router.post("/samples/{sample_id}/comments", status_code=201)
def write_comment(actor: Asking, sample_id: Id, body: CommentText) -> CommentView:
    """Add a comment, and tell whom it mentions."""
    return comments.write(actor, sample_id, body.text)


@router.patch("/comments/{comment_id}")
def edit_comment(actor: Asking, comment_id: Id, body: CommentText) -> CommentView:
    """Change one's own comment."""
    return comments.edit(actor, comment_id, body.text)


@router.delete("/comments/{comment_id}", status_code=204)
def delete_comment(actor: Asking, comment_id: Id) -> None:
    """Delete one's own comment."""
    comments.delete(actor, comment_id)
