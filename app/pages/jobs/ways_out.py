"""Ways out of a round that failed or was cancelled: launch it again with changes, select again, or branch off it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app import forms
from app.toasts import notice, toasts
from app.widgets import buttons, template_texts
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.value_words import word
from backend.services.recipes import parts
from backend.services.rounds import reselect
from backend.services.rounds.job_views import JobDetail
from backend.services.rounds.reselect import Stopped
from backend.translations import gettext
from backend.values import Role

WAYS = """
{{#if value}}<section class="rondo-card ways" aria-label="Ways out">
<p>Round {{value.number}} ended here. What it wrote is kept.</p>
<p><a class="rondo-primary" href="new-round?again={{value.round_id}}">Change and launch again</a></p>
{{#if value.selector}}<p><a href="pairs?round={{value.round_id}}">Build pairs</a></p>{{/if}}
{{#if value.links}}<p>A branch, without sampling again:
{{#each value.links}}<a href="{{this.target}}">{{this.words}}</a> {{/each}}</p>{{/if}}
</section>{{/if}}
"""
WAYS_CSS = """
.ways { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; }
.ways p { margin: 0; } .ways p:first-child { flex: 1 1 260px; }
.ways a { text-decoration: none; display: inline-block; }
"""


@dataclass(frozen=True)
class WaysOut:
    """`stopped` holds what is offered: the round, and its selector where it can select again."""

    stopped: gr.State


def build() -> WaysOut:
    """Lay the ways out; nothing shows until a stopped round is chosen."""
    return WaysOut(gr.State(None))


def wire(out: WaysOut, known: list[gr.State], drawn: tuple[Callable[..., Any], list[Any]]) -> None:
    """Draw the links, and the selector's form, whenever another round is offered."""
    redraw, shown = drawn

    @gr.render(inputs=[out.stopped], triggers=[out.stopped.change], show_progress="hidden")
    def ways(stopped: dict[str, Any] | None) -> None:
        if not stopped:
            return
        with gr.Column(elem_classes=needs(Role.curator)):
            markup(template_texts.translated(WAYS), WAYS_CSS, value=stopped, elem_id="ways-out")
            if stopped["selector"]:
                _draw_selector(stopped, known, redraw, shown)


def _draw_selector(
    stopped: dict[str, Any], known: list[gr.State], redraw: Callable[..., Any], shown: list[Any]
) -> None:
    form = forms.Form(start={"selector": stopped["selector"]})
    name = stopped["selector"]["name"]
    text = gettext("Select again from its own samples, with {name}")
    if stopped["step"] is not None:
        text = gettext("Select again from its own samples, with {name}, step {number}")
    number = (stopped["step"] or 0) + 1
    with gr.Accordion(text.format(name=name, number=number), open=True, elem_id="select-again"):
        forms.draw_knobs(form, ("selector",), parts.describe()["selector"][name])
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary(gettext("Select again"), elem_id="reselect")

    @toasts
    def select_again(request: gr.Request, *values: Any) -> None:
        reselect.reselect(context(request).actor, stopped["round_id"], form.read(values)["selector"])
        notice(gettext("Round {number} selects again from its samples.").format(number=stopped["number"]))

    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    done = go.click(select_again, form.inputs, None, trigger_mode="once", **private)
    done.success(redraw, known, shown, show_progress="hidden", **private)


def stopped(here: Context, detail: JobDetail | None) -> dict[str, Any] | None:
    """What is offered for the round of the chosen job."""
    if detail is None or detail.job.round_id is None:
        return None
    stopped_round: Stopped | None = reselect.stopped(here.actor, detail.job.round_id, job_id=detail.job.id)
    return None if stopped_round is None else vars(stopped_round) | {"links": links(stopped_round)}


def links(stopped: Stopped) -> list[dict[str, str]]:
    """To the form of each branch that there can be."""
    return [
        {
            "target": f"new-round?branch={stopped.round_id}&at={at}",
            "words": gettext("{what} again").format(what=word(at)),
        }
        for at in stopped.branches
    ]
