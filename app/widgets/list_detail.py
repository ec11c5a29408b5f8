"""A list and what is chosen of it: beside it where there is room, else below it; in this order on every page."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

INTO_VIEW = """() => {
  setTimeout(() => document.querySelector(".rondo-detail")?.scrollIntoView({ block: "nearest" }), 100);
}"""
"""After a row was chosen: on a phone what it opens lies below the list."""


@contextmanager
def side_by_side(*, wide_detail: bool = False) -> Iterator[gr.Row]:
    """Around the two; `wide_detail` where what is chosen holds tables of its own."""
    classes = ["rondo-beside", "rondo-wide-detail"] if wide_detail else ["rondo-beside"]
    with gr.Row(equal_height=False, elem_classes=classes) as row:
        yield row


@contextmanager
def listed() -> Iterator[gr.Column]:
    """The first of the two: the list, and what belongs to all of it."""
    with gr.Column(elem_classes="rondo-list", min_width=0) as column:
        yield column


@contextmanager
def detail(*classes: str) -> Iterator[gr.Column]:
    """The second: what is chosen."""
    with gr.Column(elem_classes=["rondo-detail", *classes], min_width=0) as column:
        yield column
