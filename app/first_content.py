"""The first content of a page, in the document itself: it can be read and its links work before Gradio has started.

It is made by the page's own functions, for the person and the project of the request, so what they may not see is not
in it. Where it cannot be made, or not soon, the page is sent without it, as Gradio alone would draw it.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import ModuleType

import gradio as gr
from fastapi import Request
from jinja2 import Environment

from app.toasts import toasts
from app.widgets import times
from app.widgets.first import FirstRow, styles

log = logging.getLogger("rondo.app")

TEMPLATE = "first.html"
BUDGET_SECONDS = 0.3
"""So long a document waits for it. Gradio's own part of the page asks the same and waits as long as it takes."""

_drawing = ThreadPoolExecutor(4, "first-content")


def drawn(request: Request, pages: Sequence[ModuleType], environment: Environment) -> str:
    """Return the first content of this address for who asks; nothing where the page has none."""
    here = request.url.path.strip("/")
    first = next((page.first_content for page in pages if here == page.PATH and hasattr(page, "first_content")), None)
    if first is None or request.method != "GET":
        return ""
    # Who asks, for the log, goes along; the zone of their times stays in the copy.
    drawing = _drawing.submit(copy_context().run, _content(first, environment, request), gr.Request(request))
    try:
        # Its one way to fail: whatever it was is in the log, unless the page itself will say it in a moment.
        return drawing.result(BUDGET_SECONDS)
    except TimeoutError:
        drawing.cancel()
        log.info("%s was sent without its first content, which takes too long", request.state.address)
    except gr.Error as refusal:
        log.info("%s was sent without its first content: %s", request.state.address, refusal.message)
    return ""


def _content(
    first: Callable[[gr.Request], list[FirstRow]], environment: Environment, request: Request
) -> Callable[[gr.Request], str]:
    def content(asked: gr.Request) -> str:
        times.forget_guesses()
        rows = first(asked)
        css = styles(rows)
        # Where nothing can be read nothing would come in its place, and times in UTC would change before one's eyes.
        if not css or times.are_guessed():
            return ""
        return environment.get_template(TEMPLATE).render(rows=rows, styles=css)

    content.__qualname__ = f"The first content of {request.state.address}"  # which the log names
    return toasts(content)
