"""A page for tests to draw forms into."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import gradio as gr


@cache
def _page() -> gr.Blocks:
    return gr.Blocks()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw into a page that is left as after an error: of one that is complete Gradio makes a whole application, which
    takes ten times as long as a form.
    """
    page = _page()
    page.__enter__()
    try:
        yield
    finally:
        page.__exit__(GeneratorExit)
        page.clear()
