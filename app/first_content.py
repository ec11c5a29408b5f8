"""The first content of a page, in the document itself: it can be read and its links work before Gradio has started.

It is made by the page's own functions, for the person and the project of the request, so what they may not see is not
in it. Where it cannot be made the page is sent without it, as Gradio alone would draw it.
"""

import logging
from collections.abc import Sequence
from types import ModuleType

import gradio as gr
from fastapi import Request
from jinja2 import Environment

from app.toasts import toasts

log = logging.getLogger("rondo.app")

TEMPLATE = "first.html"


def drawn(request: Request, pages: Sequence[ModuleType], environment: Environment) -> str:
    """Return the first content of this address for who asks; nothing where the page has none."""
    here = request.url.path.strip("/")
    first = next((page.first_content for page in pages if here == page.PATH and hasattr(page, "first_content")), None)
    if first is None or request.method != "GET":
        return ""

    def content(asked: gr.Request) -> str:
        rows = first(asked)
        return environment.get_template(TEMPLATE).render(rows=rows) if rows else ""

    try:
        # Its one way to fail: whatever it was is in the log, unless the page itself will say it in a moment.
        return toasts(content)(gr.Request(request))
    except gr.Error as refusal:
        log.info("%s was sent without its first content: %s", here or "The overview", refusal.message)
        return ""
