"""Datasets: pushing the chosen one to the model hub, looked at again while that is under way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import hub_push
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from backend.errors import InvalidInput
from backend.services.hub import pushes
from backend.translations import gettext


def chosen_in(page_state: dict[str, Any]) -> int:
    """Return the dataset that the page shows; raises InvalidInput where it shows none."""
    if page_state.get("dataset") is None:
        raise InvalidInput("No dataset is chosen. Choose one from the table; a round makes one when it selects.")
    return int(page_state["dataset"])


@toasts
def push(
    page_state: dict[str, Any],
    format: str,
    repo: str,
    is_private: bool,
    found_rows: Any,
    reason: str,
    request: gr.Request,
) -> dict[str, Any] | None:
    """Have the chosen dataset pushed to the hub, in the format that is chosen for downloads."""
    here = context(request)
    wanted: Any = "parquet" if format == "parquet" else "jsonl"
    knobs: dict[str, Any] = {"is_private": bool(is_private), "format": wanted, "found_rows": found_rows}
    knobs["reason"] = reason or ""
    job_id = pushes.push_dataset(here.actor, chosen_in(page_state), repo or "", **knobs)
    notice(gettext("Job {job_id} is queued: it pushes the dataset.").format(job_id=job_id))
    return hub_push.state_value(pushes.get(here.actor, job_id))


@toasts
def follow_push(followed: CurrentChoice, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Say how far the push of the chosen dataset is; `look_again` goes on from here while it is under way."""
    drawn = (
        push_state(context(request), page_state["dataset"])
        if page_state.get("dataset")
        else [None, gr.Timer(active=False)]
    )
    followed.put({"dataset": page_state.get("dataset")})
    return drawn


@toasts
def look_again(followed: CurrentChoice, request: gr.Request) -> list[Any]:
    """What a tick of the timer draws."""
    return push_now(followed, partial(context, request))


def push_now(followed: CurrentChoice, here: Callable[[], Context]) -> list[Any]:
    """How far the followed push is. Whoever may not look any more is told once; the tick after that is the last."""
    wish = followed.value
    if not wish.get("dataset"):
        return [gr.skip(), gr.Timer(active=False)]
    with followed.until_refused(wish):
        return followed.unless_over(wish, push_state(here(), wish["dataset"]))


def push_state(here: Context, dataset_id: int) -> list[Any]:
    """The line of a dataset's newest push, and whether the timer goes on."""
    newest = pushes.newest(here.actor, here.project_id, "dataset", dataset_id)
    return [hub_push.state_value(newest), gr.Timer(active=newest is not None and not newest.is_over)]
