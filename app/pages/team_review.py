"""Team page: how the round is reviewed, and closing the review."""

from typing import Any

import gradio as gr

from app.forms import Form, draw_knobs
from app.pages import team_templates as templates
from app.toasts import notice, toasts
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.round_choice import known, needed
from app.widgets.round_form import review_inputs, review_of
from backend.services import parts, review_edits, reviews, rounds
from backend.services.reviews import Closing
from backend.values import RoundStatus

OVER = "The review of this round is over. Change the settings when you launch the next one."


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    note = markup(templates.NOTE, templates.NOTE_CSS, value=[], elem_id="review-note")
    form = Form(start=parts.review_defaults())
    with gr.Column(elem_id="team-review-settings"):
        draw_knobs(form, (), parts.review_knobs())
    with gr.Row(elem_classes="rondo-toolbar"):
        save = gr.Button(
            "Save settings", variant="primary", interactive=False, scale=0, min_width=150, size="md",
            elem_id="review-save",
        )  # fmt: skip
        close = gr.Button(
            "Close the review", interactive=False, scale=0, min_width=170, size="md", elem_id="review-close"
        )
    with gr.Row(elem_classes="rondo-toolbar", visible=False) as sure:
        said = markup(templates.NOTE, templates.NOTE_CSS, value=[], elem_id="review-closing")
        really = gr.Button(
            "Close and go on", variant="stop", scale=0, min_width=170, size="md", elem_id="review-really"
        )

    shown = [note, save, close, sure, *form.inputs]
    tab.select(show, chosen, shown, **private)
    chosen.input(show, chosen, shown, **private)
    save.click(save_settings, [chosen, *form.inputs], shown, **private)
    close.click(ask, chosen, [sure, said], **private)
    really.click(close_review, chosen, shown, **private)


@toasts
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Fill the form from the chosen round."""
    return _shown(context(request), known(round_id, request))


@toasts
def save_settings(request: gr.Request, round_id: int | None, *values: Any) -> list[Any]:
    """Change the settings; what was decided stays."""
    here = context(request)
    review_edits.edit_review(here.actor, needed(round_id), review_of(values))
    notice("The settings are saved. They count from the next item on.")
    return _shown(here, round_id)


@toasts
def ask(round_id: int | None, request: gr.Request) -> list[Any]:
    """Say what closing goes on with, before it does."""
    found = reviews.closing(context(request).actor, needed(round_id))
    return [gr.Row(visible=True), closing_words(found)]


@toasts
def close_review(round_id: int | None, request: gr.Request) -> list[Any]:
    """Close the review and start the selection."""
    here = context(request)
    reviews.close(here.actor, needed(round_id))
    notice("The review is closed. The round goes on with the selection; look at the jobs.")
    return _shown(here, round_id)


def closing_words(found: Closing) -> list[str]:
    """What closing goes on with, in words."""
    return [
        f"Of {found.samples:,} samples people accepted {found.accepted_by_people:,} and rejected "
        f"{found.rejected_by_people:,}; the judge's word stands for {found.accepted_by_judge:,} accepted and "
        f"{found.rejected_by_judge:,} rejected; {found.without_verdict:,} have no verdict. "
        "The labels are frozen then."
    ]


def _shown(here: Context, round_id: int | None) -> list[Any]:
    if round_id is None:
        return [[], *[gr.Button(interactive=False)] * 2, gr.Row(visible=False), *review_inputs({})]
    round_ = rounds.get(here.actor, int(round_id))
    is_open = round_.status is RoundStatus.review
    buttons = [gr.Button(interactive=is_open), gr.Button(interactive=is_open)]
    return [[] if is_open else [OVER], *buttons, gr.Row(visible=False), *review_inputs(round_.review)]
