"""Forms for those who may use them.

The server writes the person's role into the page's header, and the style sheet hides what the role may not do and says
who may, from the first paint on. It only keeps people from typing in vain: the services refuse.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from app.widgets.markup import markup
from backend.values import Role

LACKS = "<p class='rondo-muted'>{{value.what}} needs the role {{value.role}}. A project admin can give it.</p>"


@contextmanager
def only(role: Role, what: str) -> Iterator[gr.Column]:
    """A column for people of that role and above; others read that `what` (a noun, capital first) needs the role."""
    markup(LACKS, value={"what": what, "role": str(role)}, elem_classes=f"rondo-lacks rondo-lacks-{role}")
    with gr.Column(elem_classes=needs(role)) as column:
        yield column


def needs(role: Role) -> str:
    """The class of what only people of that role and above see."""
    return f"rondo-needs-{role}"
