"""Pushing a checkpoint or a dataset to the model hub: for owners, with what became of the last time."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.widgets import buttons
from app.widgets.markup import markup
from app.widgets.value_words import word
from backend.config import settings
from backend.services.hub.pushes import Push
from backend.translations import N_, gettext
from backend.values import JobStatus

STATE = """
{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}
<a href="jobs?job={{value.job}}">job {{value.job}}</a></p>{{/if}}
"""

WHERE = (
    "<p class='rondo-muted'>It goes to {{value.hub}}. Owners of this installation only: its own token is used "
    "(RONDO_HUB_TOKEN).</p>"
)


@dataclass(frozen=True)
class PushForm:
    """The components; the page wires them."""

    state: Any
    repo: gr.Textbox
    is_private: gr.Checkbox
    go: gr.Button
    found_rows: gr.Radio
    reason: gr.Textbox


FOUND_ROWS = [(N_("Push nothing"), "refuse"), (N_("Leave them out"), "leave_out")]
FOUND_ROWS += [(N_("Mask what can be masked"), "mask"), (N_("Push them, too"), "keep")]


def draw(prefix: str, *, has_rows: bool = False) -> PushForm:
    """Draw the fold for owners, and the line that says how the last push went. has_rows: what is pushed are rows."""
    state = markup(
        STATE, "a { color: var(--rondo-accent); } p { overflow-wrap: anywhere; }", elem_id=f"{prefix}-pushed"
    )
    with gr.Accordion(
        N_("Push to the model hub"), open=False, elem_id=f"{prefix}-push", elem_classes="rondo-needs-owner"
    ):
        markup(WHERE, value={"hub": settings().hub_address})
        repo = gr.Textbox(
            label=N_("Repository"),
            info=N_("Like name/repository. It is made where there is none; what is pushed comes as one commit."),
            max_length=200,
            elem_id=f"{prefix}-push-repo",
        )
        is_private = gr.Checkbox(True, label=N_("Private, if it is made"), elem_id=f"{prefix}-push-private")
        found_rows = gr.Radio(
            FOUND_ROWS,
            value="refuse",
            label=N_("If a check finds rows that should not leave"),
            visible=has_rows,
            elem_id=f"{prefix}-push-found",
        )
        reason = gr.Textbox(
            label=N_("Reason to push them"),
            info=N_("For rows in which a content scan found something; it stands on the card."),
            max_length=500,
            visible=has_rows,
            elem_id=f"{prefix}-push-reason",
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary(N_("Push"), elem_id=f"{prefix}-push-go")
    return PushForm(state, repo, is_private, go, found_rows, reason)


def state_value(push: Push | None) -> dict[str, Any] | None:
    """What became of a push; None where none was asked for."""
    if push is None:
        return None
    texts = {
        JobStatus.done: gettext("Pushed to {url}, commit {commit}:").format(
            url=push.url, commit=(push.commit or "")[:12]
        ),
        JobStatus.failed: gettext("It was not pushed to {repo}. {error}").format(repo=push.repo, error=push.error),
        JobStatus.cancelled: gettext("The push to {repo} was cancelled:").format(repo=push.repo),
    }
    going_on = gettext("The push to {repo} is {status}:").format(repo=push.repo, status=word(push.status))
    text = texts.get(push.status, going_on)
    return {"text": text, "is_bad": push.status is JobStatus.failed, "job": push.job_id}
