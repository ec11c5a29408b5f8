"""Pushing a checkpoint or a dataset to the model hub: for owners, with what became of the last time."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.widgets import buttons
from app.widgets.markup import markup
from backend.services.hub.pushes import Push
from backend.values import JobStatus

STATE = """
{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}
<a href="jobs?job={{value.job}}">job {{value.job}}</a></p>{{/if}}
"""


@dataclass(frozen=True)
class PushForm:
    """The components; the page wires them."""

    state: Any
    repo: gr.Textbox
    is_private: gr.Checkbox
    go: gr.Button


def draw(prefix: str) -> PushForm:
    """Draw the fold for owners, and the line that says how the last push went."""
    state = markup(
        STATE, "a { color: var(--rondo-accent); } p { overflow-wrap: anywhere; }", elem_id=f"{prefix}-pushed"
    )
    with gr.Accordion("Push to the model hub", open=False, elem_id=f"{prefix}-push"):
        markup("<p class='rondo-muted'>Owners of this installation only: its own token is used (RONDO_HUB_TOKEN).</p>")
        repo = gr.Textbox(
            label="Repository",
            info="Like name/repository. It is made where there is none; what is pushed comes as one commit.",
            max_length=200,
            elem_id=f"{prefix}-push-repo",
        )
        is_private = gr.Checkbox(True, label="Private, if it is made", elem_id=f"{prefix}-push-private")
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary("Push", elem_id=f"{prefix}-push-go")
    return PushForm(state, repo, is_private, go)


def state_value(push: Push | None) -> dict[str, Any] | None:
    """What became of a push; None where none was asked for."""
    if push is None:
        return None
    texts = {
        JobStatus.done: f"Pushed to {push.url}, commit {(push.commit or '')[:12]}:",
        JobStatus.failed: f"It was not pushed to {push.repo}. {push.error}",
        JobStatus.cancelled: f"The push to {push.repo} was cancelled:",
    }
    text = texts.get(push.status, f"The push to {push.repo} is {push.status}:")
    return {"text": text, "is_bad": push.status is JobStatus.failed, "job": push.job_id}
