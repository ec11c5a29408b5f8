"""Team page: how the round is reviewed, and closing the review."""

from typing import Any

import gradio as gr
from gradio.events import Dependency

from app.forms import Form, draw_knobs
from app.pages.team import templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets import judge_health as judge_widget
from app.widgets.beside import problem, refused_beside
from app.widgets.closing_lines import closing_lines
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.random_draws import advice
from app.widgets.round_choice import is_before_review, known, needed
from app.widgets.round_form import review_inputs, review_label, review_of
from backend.errors import Conflict, RondoError
from backend.services import judge_health, reviews, rounds
from backend.services.recipes import parts
from backend.services.reviews import reopening, settings_edit
from backend.translations import N_, gettext
from backend.values import RoundStatus

SETTING = "review-setting"
"""Before the names of the settings in the ids of their fields."""
AHEAD = N_("The review of this round has not begun: what you save here is how it begins.")
OVER = N_("The review of this round is over. Change the settings when you launch the next one.")
AGAIN = N_(
    "Opening the review again lets people decide anew. What was made of its labels is marked as stale; datasets and "
    "the checkpoint stay as they are, and a branch at the selection trains by the new labels."
)


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> list[Dependency]:
    """Lay out the tab and wire it. Return the events that change the round's state."""
    note = markup(templates.NOTE, templates.NOTE_CSS, value=[], elem_id="review-note")
    form, drawn = Form(start=parts.review_defaults(), name=SETTING), gr.State({})
    with gr.Column(elem_id="team-review-settings"):
        draw_knobs(form, (), parts.review_knobs())
    with gr.Row(elem_classes="rondo-toolbar"):
        save = buttons.primary(N_("Save settings"), interactive=False, elem_id="review-save")
        close = buttons.secondary(N_("Close the review"), interactive=False, elem_id="review-close")
    refused = problem("review-problem")
    with gr.Row(elem_classes="rondo-toolbar", visible=False) as sure:
        status = markup(templates.NOTE, templates.NOTE_CSS, value=[], elem_id="review-closing")
        really = buttons.stop(N_("Close and go on"), elem_id="review-really")
    with gr.Column(visible=False, elem_id="review-again") as again:
        markup(templates.NOTE, templates.NOTE_CSS, value=[AGAIN])
        reason = gr.Textbox(label=N_("Reason"), info=N_("Others read it."), elem_id="review-reason")
        reopen = buttons.secondary(N_("Reopen the review"), elem_id="review-reopen")
    judge = markup(judge_widget.SECTION, judge_widget.CSS, elem_id="review-judge")

    state = [note, save, close, sure, again]
    shown = [*state, drawn, *form.inputs, refused]
    tab.select(show, chosen, shown, **private)
    chosen.input(show, chosen, shown, **private)
    save.click(save_settings, [chosen, drawn, *form.inputs], [sure, drawn, *form.inputs, refused], **private)
    close.click(ask, chosen, [sure, status, judge, refused], **private)
    return [
        really.click(close_review, chosen, [*state, refused], **private),
        reopen.click(reopen_review, [chosen, reason], [*state, reason, refused], **private),
    ]


@toasts
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Fill the form from the chosen round."""
    here, round_id = context(request), known(round_id, request)
    stored = {} if round_id is None else rounds.get(here.actor, round_id).review
    return [*_state(here, round_id), *_filled(stored), {}]


def _setting_ids() -> dict[str, str]:
    """The fields of the settings by what a refusal of their values calls them, as typed and as kept."""
    knobs = parts.review_knobs()
    typed = {review_label(knob): f"{SETTING}-{knob.name}" for knob in knobs}
    return typed | {f"The review setting {knob.name}": f"{SETTING}-{knob.name}" for knob in knobs}


def _mode_again(
    error: RondoError, request: gr.Request, round_id: int | None, drawn: dict[str, Any], *values: Any
) -> list[Any]:
    """What is refused stays typed; but where the round can't change so any more, the mode is the one it has."""
    fields = zip(parts.review_knobs(), review_inputs(drawn), strict=True)
    is_over = isinstance(error, Conflict)
    again = [value if is_over and knob.name == "mode" else gr.skip() for knob, value in fields]
    return [gr.skip(), gr.skip(), *again]


@toasts
@refused_beside(2 + len(parts.review_knobs()), _setting_ids, refill=_mode_again)
def save_settings(request: gr.Request, round_id: int | None, drawn: dict[str, Any], *values: Any) -> list[Any]:
    """Change the settings that differ from what the form was filled with: others may have changed the rest since."""
    here, typed = context(request), review_of(values)
    changes = {name: value for name, value in typed.items() if name not in drawn or value != drawn[name]}
    now = settings_edit.edit_review(here.actor, needed(round_id), changes).model_dump(mode="json")
    notice(gettext("The settings are saved. They count from the next item on."))
    if any(now[name] != value for name, value in typed.items()):
        notice(gettext("Somebody else had changed settings since you opened this page. The form shows them all now."))
    return [gr.Row(visible=False), *_filled(now)]


@toasts
@refused_beside(3)
def ask(round_id: int | None, request: gr.Request) -> list[Any]:
    """Say what closing goes on with, before it does, and whether the judge can be trusted."""
    actor, asked = context(request).actor, needed(round_id)
    judge = judge_health.of_round(actor, asked)
    return [gr.Row(visible=True), closing_lines(reviews.closing(actor, asked)), judge_widget.shown(judge)]


@toasts
@refused_beside(5)
def close_review(round_id: int | None, request: gr.Request) -> list[Any]:
    """Close the review and start the selection."""
    here = context(request)
    job_id = reviews.close(here.actor, needed(round_id))
    if job_id is None:
        notice(
            gettext("The review is closed. The round keeps its checkpoint; branch off it to train by the new labels.")
        )
    else:
        notice(gettext("The review is closed. The round goes on with the selection; look at the jobs."))
    return _state(here, round_id)


@toasts
@refused_beside(6, {"reason": "review-reason"})
def reopen_review(round_id: int | None, reason: str, request: gr.Request) -> list[Any]:
    """Open a closed review again."""
    here = context(request)
    reopening.reopen(here.actor, needed(round_id), reason=reason)
    notice(gettext("The review is open again. Close it here once people have decided."))
    return [*_state(here, round_id), ""]


def _filled(stored: dict[str, Any]) -> list[Any]:
    """What the form is filled with, as it will be read back, and its fields."""
    inputs = review_inputs(stored)
    return [review_of(inputs), *inputs]


def _state(here: Context, round_id: int | None) -> list[Any]:
    """The note and the buttons; the fields stay as they are typed."""
    round_ = None if round_id is None else rounds.get(here.actor, int(round_id))
    is_open = round_ is not None and round_.status is RoundStatus.review
    is_ahead = round_ is not None and is_before_review(round_)
    buttons = [gr.Button(interactive=is_open or is_ahead), gr.Button(interactive=is_open)]
    lines = [] if is_open or round_ is None else [gettext(AHEAD) if is_ahead else gettext(OVER)]
    if round_ is not None and (is_open or is_ahead):
        lines += [line for line in (advice(here.actor, round_),) if line]
    may_reopen = round_ is not None and round_.is_reviewed and round_.status in (RoundStatus.done, RoundStatus.held)
    return [lines, *buttons, gr.Row(visible=False), gr.Column(visible=may_reopen)]
