"""The recipe of a round's form as YAML: written from its fields, or put into them."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.pages.new_round.drawing import OTHER, Drawing, nothing, refused
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.refused_fields import marked
from backend.errors import InvalidInput
from backend.services.recipes import parts, recipe_yaml
from backend.translations import N_


@dataclass(frozen=True)
class Yaml:
    """The text, and what writes and reads it."""

    text: gr.Textbox
    write: gr.Button
    use: gr.Button


def draw() -> Yaml:
    """Lay out the text, closed until it is wanted. It stays, with what is typed, when the slots are drawn again."""
    with gr.Accordion(N_("As YAML"), open=False, elem_id="recipe-as-yaml"):
        text = gr.Textbox(
            "",
            lines=12,
            max_lines=40,
            label=N_("Recipe as YAML"),
            interactive=True,
            buttons=["copy"],
            elem_id="recipe-yaml",
            elem_classes="rondo-template",
            info=N_("To keep in a file, to hand on, or to paste one here."),
        )
        with gr.Row():
            write = buttons.secondary(N_("Write the fields as YAML"), elem_id="write-yaml")
            use = buttons.secondary(N_("Use this YAML"), elem_id="use-yaml")
    return Yaml(text, write, use)


def writer(drawing: Drawing) -> Any:
    """The listener that fills in the text: [text, estimate]."""

    @toasts
    def write(now: dict[str, Any], *values: Any) -> list[Any]:
        if not drawing.is_newest(now):
            return [gr.skip()] * 2
        try:
            return [recipe_yaml.write(parts.validate(drawing.recipe(values))), gr.skip()]
        except InvalidInput as error:
            return [gr.skip(), marked(error, drawing.fields)]

    return write


def user(drawing: Drawing) -> Any:
    """The listener that puts the text into the form: what a choice of another recipe changes."""

    @toasts
    def use(text: str, now: dict[str, Any], *values: Any) -> list[Any]:
        if not drawing.is_newest(now):
            return nothing(OTHER)
        try:
            new = recipe_yaml.read(text or "")
        except InvalidInput as error:
            return refused(InvalidInput(error.message, field="yaml"), OTHER, {"yaml": "recipe-yaml"})
        return drawing.other(new, now, values)

    return use
