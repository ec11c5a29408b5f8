"""Merging an adapter: a name, a button, and what became of the last time it was asked for."""

from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.checkpoints import CheckpointDetail, merging
from backend.services.checkpoints.merging import Merge
from backend.translations import N_, gettext
from backend.values import JSON, JobStatus, Role

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
STATE = """
{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}
{{#if value.merged}}<a href="checkpoints?checkpoint={{value.merged}}">{{value.name}}</a>{{/if}}
{{#unless value.merged}}<a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/unless}}</p>{{/if}}
"""


def draw() -> tuple[list[Any], gr.Textbox, gr.Button]:
    """Draw the fold, hidden until an adapter is chosen, and what is said of a merge; the page wires them."""
    state = markup(STATE, "a { color: var(--rondo-accent); }", elem_id="merge-state")
    with gr.Accordion(
        N_("Merge into its base"), open=False, visible=False, elem_id="merge", elem_classes=needs(Role.curator)
    ) as fold:
        name = gr.Textbox(
            label=N_("Name of the new checkpoint"),
            info=N_("Empty: the adapter's and -merged. The adapter stays."),
            max_length=120,
            elem_id="merge-name",
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary(N_("Merge"), elem_id="merge-go")
    return [fold, state], name, go


def values(detail: CheckpointDetail | None) -> list[Any]:
    """Updates of the fold and of what is said of the last merge."""
    if detail is None or not detail.can_merge:
        return [gr.Accordion(visible=False), None]
    return [gr.Accordion(visible=True), state_value(detail.merge)]


def state_value(merge: Merge | None) -> dict[str, Any] | None:
    """What became of a merge; None where none was asked for."""
    if merge is None:
        return None
    going_on = gettext("The merge into {name} is {status}:").format(name=merge.name, status=word(merge.status))
    text = {
        JobStatus.done: gettext("Merged:"),
        JobStatus.failed: gettext("It was not merged. {error}").format(error=merge.error),
        JobStatus.cancelled: gettext("The merge was cancelled:"),
    }.get(merge.status, going_on)
    is_bad = merge.status is JobStatus.failed
    return {"text": text, "is_bad": is_bad, "job": merge.job_id, "merged": merge.merged_id, "name": merge.name}


def made_of(details: JSON) -> dict[str, Any] | None:
    """What a merged checkpoint is made of, for its card; None for another one."""
    record = details.get("merge")
    if not isinstance(record, dict):
        return None
    libraries = ", ".join(f"{name} {version}" for name, version in record["libraries"].items() if version)
    return {
        "id": record["checkpoint_id"],
        "adapter": record["checkpoint"],
        "base": record["base"],
        "job": record["job_id"],
        "hash": record["adapter_hash"][:12],
        "libraries": libraries,
    }


@toasts
def merge(checkpoint_id: int | None, name: str, request: gr.Request) -> list[Any]:
    """Have the chosen adapter merged."""
    if checkpoint_id is None:
        raise InvalidInput("Choose a checkpoint first.")
    here = context(request)
    job_id = merging.start(here.actor, checkpoint_id, name or "")
    notice(gettext("Job {job_id} is queued: it merges the adapter.").format(job_id=job_id))
    return values(checkpoints.detail(here.actor, checkpoint_id))
