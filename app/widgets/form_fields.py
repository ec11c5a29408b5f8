"""The components that people fill in, and the events that tell of it."""

from collections.abc import Iterable
from typing import Any

import gradio as gr

FormField = gr.Textbox | gr.Number | gr.Checkbox | gr.CheckboxGroup | gr.Dropdown
"""Each has the event `input`: a person changed the value. Gradio's base class of components does not have it."""


def touched(*fields: FormField) -> list[Any]:
    """Return the events of fields that a person changes. Of a list of several choices × and Backspace send no `input`.

    Such a list has the event `change`, too, which Gradio also sends for what the server writes: static/locks.js does
    not pass on a list that holds what it held.
    """
    return [event for field in fields for event in _touched(field)]


def narrowed(fields: Iterable[FormField]) -> list[Any]:
    """Return the events by which fields narrow a list: texts count when they are sent off, choices at once."""
    return [
        event for field in fields for event in ([field.submit] if isinstance(field, gr.Textbox) else _touched(field))
    ]


def _touched(field: FormField) -> list[Any]:
    is_several = isinstance(field, gr.Dropdown) and field.multiselect
    return [field.input, field.change] if is_several else [field.input]
