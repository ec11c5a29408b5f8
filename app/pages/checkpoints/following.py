"""How far the merge and the push of the chosen checkpoint are, looked at again while one of them is under way."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.pages.checkpoints import merging
from app.toasts import toasts
from app.widgets import hub_push
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from backend.errors import NotFound
from backend.services import checkpoints
from backend.services.hub import pushes


@toasts
def follow(followed: CurrentChoice, checkpoint_id: int | None, request: gr.Request) -> list[Any]:
    """Say how far both are of the checkpoint that is chosen now; `now` goes on from here."""
    drawn, is_over = look(context(request), checkpoint_id) if checkpoint_id else ([None, None], True)
    followed.put({} if is_over else {"checkpoint": checkpoint_id})
    return drawn


def now(followed: CurrentChoice, here: Callable[[], Context]) -> list[Any]:
    """What a tick draws: nothing where nothing is under way. The last one draws how both ended.

    Whoever may not look any more is told once: then nothing is followed.
    """
    wish = followed.value
    if not wish:
        return [gr.skip()] * 2
    with followed.until_refused(wish):
        drawn, is_over = look(here(), wish["checkpoint"])
    drawn = followed.unless_over(wish, drawn)
    if is_over:
        followed.end(wish)
    return drawn


def look(here: Context, checkpoint_id: int) -> tuple[list[Any], bool]:
    """The lines of the merge and of the push, and whether both are over."""
    try:
        merge = checkpoints.detail(here.actor, checkpoint_id).merge
        push = pushes.newest(here.actor, here.project_id, "checkpoint", checkpoint_id)
    except NotFound:  # deleted by somebody else: the page says so when something is asked of it
        merge = push = None
    is_over = all(job is None or job.is_over for job in (merge, push))
    return [merging.state_value(merge), hub_push.state_value(push)], is_over
