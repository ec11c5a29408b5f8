"""Buttons: one look for one kind of act, and as wide as their words.

`primary` is the one act that a page is for, `stop` ends or takes away something, `secondary` is everything else. A
button that only asks whether to do something is secondary; the one that does it is stop.
"""

from typing import Any

import gradio as gr

NARROWEST, EDGES, LETTER = 96, 36, 8
"""Pixels: of the shortest button, beside the words, and of a letter."""


def primary(label: str, **more: Any) -> gr.Button:
    """The act that a page, or a tab of it, is for."""
    return _button(label, "primary", more)


def secondary(label: str, **more: Any) -> gr.Button:
    """Any other act."""
    return _button(label, "secondary", more)


def stop(label: str, **more: Any) -> gr.Button:
    """What ends, deletes or takes away."""
    return _button(label, "stop", more)


def _button(label: str, variant: Any, more: dict[str, Any]) -> gr.Button:
    return gr.Button(label, variant=variant, size="md", scale=0, min_width=width(label), **more)


def width(label: str) -> int:
    """How many pixels a button of these words takes."""
    return max(NARROWEST, EDGES + LETTER * len(label))
