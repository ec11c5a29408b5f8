"""A checkpoint as a GGUF file: a number format, a button, and what became of the last time it was asked for."""

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
from backend.services.checkpoints import CheckpointDetail, gguf_files
from backend.services.checkpoints.gguf_files import GgufFile
from backend.translations import N_, gettext
from backend.values import JobStatus, Role

OUTTYPES = [
    (N_("16 bits (f16)"), "f16"),
    (N_("32 bits (f32)"), "f32"),
    (N_("bf16, by llama.cpp"), "bf16"),
    (N_("q8_0, by llama.cpp"), "q8_0"),
]
STATE = """
{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}
{{#if value.file}}<a href="/api/v1/gguf-files/{{value.job}}/file" download>{{value.name}}</a>
<span class="rondo-muted">{{value.facts}}</span>{{/if}}
{{#unless value.file}}<a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/unless}}</p>{{/if}}
"""


def draw() -> tuple[list[Any], gr.Dropdown, gr.Button]:
    """Draw the fold, hidden until a checkpoint with weights is chosen, and what is said of its file; the page wires."""
    state = markup(STATE, "a { color: var(--rondo-accent); }", elem_id="gguf-state")
    with gr.Accordion(
        N_("Write as a GGUF file"), open=False, visible=False, elem_id="gguf", elem_classes=needs(Role.curator)
    ) as fold:
        outtype = gr.Dropdown(
            OUTTYPES,
            value=gguf_files.OUTTYPE,
            label=N_("Number format"),
            info=N_("For llama.cpp and what is built on it. An adapter is merged before. The file goes after 7 days."),
            elem_id="gguf-outtype",
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary(N_("Write file"), elem_id="gguf-go")
    return [fold, state], outtype, go


def values(detail: CheckpointDetail | None) -> list[Any]:
    """Updates of the fold and of what is said of the last file."""
    if detail is None or not detail.can_write_gguf:
        return [gr.Accordion(visible=False), None]
    return [gr.Accordion(visible=True), state_value(detail.gguf)]


def state_value(view: GgufFile | None) -> dict[str, Any] | None:
    """What became of a file; None where none was asked for, or it went."""
    if view is None or (view.status is JobStatus.done and not view.is_ready):
        return None
    text = {
        JobStatus.done: gettext("Written by {by}:").format(by=view.by),
        JobStatus.failed: gettext("No GGUF file was written. {error}").format(error=view.error),
        JobStatus.cancelled: gettext("The GGUF file was cancelled:"),
    }.get(view.status, gettext("{name} is {status}:").format(name=view.name, status=word(view.status)))
    facts = f"{(view.num_bytes or 0) / 1e6:,.1f} MB, sha256 {(view.sha256 or '')[:12]}"
    is_bad = view.status is JobStatus.failed
    return {
        "text": text,
        "is_bad": is_bad,
        "job": view.job_id,
        "file": view.is_ready,
        "name": view.name,
        "facts": facts,
    }


@toasts
def write(checkpoint_id: int | None, outtype: str, request: gr.Request) -> list[Any]:
    """Have the chosen checkpoint written."""
    if checkpoint_id is None:
        raise InvalidInput("Choose a checkpoint first.")
    here = context(request)
    job_id = gguf_files.start(here.actor, checkpoint_id, str(outtype))
    notice(gettext("Job {job_id} is queued: it writes the file.").format(job_id=job_id))
    return values(checkpoints.detail(here.actor, checkpoint_id))
