"""How far the merge, the push and the GGUF file of the chosen checkpoint are, looked at again meanwhile."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.pages.checkpoints import gguf, merging
from app.toasts import toasts
from app.widgets import hub_push
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from backend.errors import NotFound
from backend.services import checkpoints
from backend.services.hub import pushes


@toasts
def follow(followed: CurrentChoice, checkpoint_id: int | None, request: gr.Request) -> list[Any]:
    """Say how far they are of the checkpoint that is chosen now; `now` goes on from here."""
    drawn, is_over = look(context(request), checkpoint_id) if checkpoint_id else ([None, None, None], True)
    followed.put({} if is_over else {"checkpoint": checkpoint_id})
    return drawn


def now(followed: CurrentChoice, here: Callable[[], Context]) -> list[Any]:
    """What a tick draws: nothing where nothing is under way. The last one draws how they ended.

    Whoever may not look any more is told once: then nothing is followed.
    """
    wish = followed.value
    if not wish:
        return [gr.skip()] * 3
    with followed.until_refused(wish):
        drawn, is_over = look(here(), wish["checkpoint"])
    drawn = followed.unless_over(wish, drawn)
    if is_over:
        followed.end(wish)
    return drawn


def look(here: Context, checkpoint_id: int) -> tuple[list[Any], bool]:
    """The lines of the merge, the push and the file, and whether all are over."""
    try:
        detail = checkpoints.detail(here.actor, checkpoint_id)
        merge, file = detail.merge, detail.gguf
        push = pushes.newest(here.actor, here.project_id, "checkpoint", checkpoint_id)
    except NotFound:  # deleted by somebody else: the page says so when something is asked of it
        merge = push = file = None
    is_over = all(job is None or job.is_over for job in (merge, push, file))
    return [merging.state_value(merge), hub_push.state_value(push), gguf.state_value(file)], is_over
