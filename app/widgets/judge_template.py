"""Saved versions of a judge's template, beside the field it is written in."""

from typing import Any

import gradio as gr
from gradio.events import Dependency

from app.forms import Form
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.times import moment
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.recipes import templates
from backend.services.recipes.knobs import KnobType
from backend.translations import gettext

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}


def choices(actor: Actor, project_id: int) -> list[tuple[str, int]]:
    """Every saved version, newest of each name first."""
    return [
        (f"{row.name} v{row.version}, {row.created_by} {moment(row.created_at)}", row.id)
        for row in templates.list_templates(actor, project_id)
    ]


def draw(form: Form, saved: list[Any], versions: gr.State) -> Dependency | None:
    """Draw versions for the template field of the judge that the form has drawn; nothing for a judge without one.

    Returns the event that puts another text into the field.
    """
    field = next((f for f in form.fields if f.path[0] == "judge" and f.knob.type is KnobType.text), None)
    if field is None:
        return None
    name = str(form.start["judge"]["name"])
    with gr.Row(equal_height=False):
        version = gr.Dropdown(
            [(text, id_) for text, id_ in saved],
            value=None,
            label=gettext("Saved versions"),
            info=gettext("Choosing one puts it above."),
            interactive=True,
            elem_id="template-version",
        )
        title = gr.Textbox(
            name,
            label=gettext("Name"),
            info=gettext("Saving the same name makes its next version."),
            max_length=80,
            interactive=True,
        )
        save = buttons.secondary(gettext("Save as a version"), elem_id="template-save")
        compare = buttons.secondary(gettext("Compare with it"), elem_id="template-compare")
    difference = gr.Code(value="", label=gettext("What the text above changes"), visible=False, elem_id="template-diff")
    put: Dependency = version.input(put_version, version, field.input, **PRIVATE)
    save.click(save_version, [title, field.input], [version, difference, versions], **PRIVATE)
    compare.click(show_difference, [version, field.input], difference, **PRIVATE)
    return put


@toasts
def put_version(template_id: int | None, request: gr.Request) -> Any:
    """Put a saved text into the field."""
    if template_id is None:
        return gr.skip()
    return templates.get(context(request).actor, template_id).text


@toasts
def save_version(name: str, text: str, request: gr.Request) -> list[Any]:
    """Save the field's text."""
    here = context(request)
    row = templates.save(here.actor, here.project_id, name, text)
    notice(gettext("{name} v{version} is saved.").format(name=row.name, version=row.version))
    known = choices(here.actor, here.project_id)
    return [gr.Dropdown(choices=known, value=row.id), gr.Code(visible=False), known]


@toasts
def show_difference(template_id: int | None, text: str, request: gr.Request) -> Any:
    """Show what the field changes in the chosen version."""
    if template_id is None:
        raise InvalidInput("Choose a saved version to compare with first.")
    difference = templates.diff(context(request).actor, template_id, text)
    return gr.Code(difference or gettext("No difference."), visible=True)
