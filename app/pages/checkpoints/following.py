"""How far the merge and the push of the chosen checkpoint are, looked at again while one of them is under way."""

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
    wish = {"checkpoint": checkpoint_id} if checkpoint_id else {}
    followed.put(wish)
    return look(followed, wish, context(request)) if wish else [None, None]


def now(followed: CurrentChoice, request: gr.Request) -> list[Any]:
    """What a tick draws: nothing where nothing is under way."""
    wish = followed.value
    return followed.unless_over(wish, look(followed, wish, context(request))) if wish else [gr.skip()] * 2


def look(followed: CurrentChoice, wish: dict[str, Any], here: Context) -> list[Any]:
    """The lines of the merge and of the push. Where both are over, that is the end of it."""
    try:
        merge = checkpoints.detail(here.actor, wish["checkpoint"]).merge
        push = pushes.newest(here.actor, here.project_id, "checkpoint", wish["checkpoint"])
    except NotFound:  # deleted by somebody else: the page says so when something is asked of it
        merge = push = None
    if followed.value is wish and all(job is None or job.is_over for job in (merge, push)):
        followed.put({})
    return [merging.state_value(merge), hub_push.state_value(push)]
