"""Team page: what reviewers are told, shown beside every item."""

from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import context
from app.widgets.roles import needs
from backend.services import projects
from backend.translations import N_, gettext
from backend.values import Role


def build(private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    gr.Markdown(N_("What a good answer is in this project, with examples. Every reviewer sees it beside the item."))
    text = gr.Textbox(
        label=N_("Guidelines"),
        interactive=False,
        lines=14,
        max_lines=40,
        max_length=projects.MAX_GUIDELINES,
        elem_id="guidelines-text",
        info=N_("Markdown: headings, lists, code and formulas are drawn."),
    )
    with gr.Row(elem_classes="rondo-toolbar"):
        save = buttons.primary(N_("Save guidelines"), elem_id="guidelines-save", elem_classes=needs(Role.admin))
    refused, drawn = problem("guidelines-problem"), gr.State("")
    # With the page, not with the tab: what is typed and not yet saved stays while one looks at another tab.
    gr.on(None, show, None, [text, drawn, refused], **private)
    save.click(save_text, [text, drawn], [drawn, refused], **private)


@toasts
def show(request: gr.Request) -> list[Any]:
    """Fill the field from the project."""
    here = context(request)
    text = projects.get(here.actor, here.project_id).guidelines
    return [gr.Textbox(text, interactive=True), text, {}]


@toasts
@refused_beside(1, {"The text of the guidelines": "guidelines-text"})
def save_text(text: str | None, drawn: str, request: gr.Request) -> list[Any]:
    """Keep the text, unless somebody else changed it since; reviewers get it when they open the desk."""
    here, text = context(request), text or ""
    projects.edit(here.actor, here.project_id, guidelines=text, guidelines_before=drawn)
    notice(gettext("The guidelines are saved. Reviewers see them when they open the review desk."))
    return [text]
