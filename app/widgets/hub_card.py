"""The card of a checkpoint or a dataset for the model hub: written when it is asked for, shown as plain text."""

import gradio as gr

from app.widgets import buttons
from backend.translations import N_


def draw(prefix: str) -> tuple[gr.Button, gr.Code]:
    """The button that asks for the card, and where its text stands, hidden until then; the page wires them."""
    with gr.Row(elem_classes="rondo-toolbar"):
        button = buttons.secondary(N_("Write the card"), elem_id=f"{prefix}-card-go")
    text = gr.Code(
        language="markdown",
        label="README.md",
        interactive=False,
        visible=False,
        max_lines=30,
        wrap_lines=True,
        elem_id=f"{prefix}-card",
    )
    return button, text


def shown(text: str) -> gr.Code:
    """The text of a card."""
    return gr.Code(text, visible=True)


def nothing() -> gr.Code:
    """No card yet: another checkpoint or dataset was chosen."""
    return gr.Code(None, visible=False)
