"""Overview: the loop as a tree of rounds, how it went, and the one thing to do next."""

from dataclasses import astuple
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.context import get_blocks_context

from app.pages.overview import templates
from app.pages.overview.cards import tree_value
from app.toasts import toasts
from app.widgets import buttons, charts
from app.widgets.context import Context, context
from app.widgets.first import FirstPart, FirstRow, Toolbar
from app.widgets.markup import markup
from app.widgets.trend_chart import titled, trend
from backend.errors import Conflict, InvalidInput
from backend.services import reviews, rounds
from backend.services.projects import overview
from backend.services.projects.overview import Loop, NextAction
from backend.services.results import trends
from backend.services.results.trends import TrendPoint
from backend.services.rounds import auto
from backend.translations import N_, gettext

TITLE, PATH = N_("Overview"), ""
POLL_SECONDS = 2.0
LAUNCHES = ("next", "restart")
LOOP = (N_("Accuracy, kept, overridden"), "")
KEEP_IN_ADDRESS = """(measure) => {
  const address = new URL(window.location.href);
  if (measure) address.searchParams.set("figure", measure);
  else address.searchParams.delete("figure");
  history.replaceState(history.state, "", address);
}"""


def build() -> None:
    """Lay out the page and wire it."""
    page_state, doomed = gr.State({}), gr.State(None)
    with gr.Row(equal_height=True):
        action = markup(templates.ACTION, templates.ACTION_CSS, elem_id="next-action")
        launch = buttons.primary(N_("Launch"), visible=False, elem_id="launch-next")
    line = markup(templates.LINE, templates.LINE_CSS, js=templates.LINE_JS, elem_id="loop")
    cancel = buttons.secondary(N_("Cancel round…"), visible=False, elem_id="cancel-round")
    stop = buttons.secondary(N_("Stop after this round"), visible=False, elem_id="stop-after-round")
    with gr.Column(visible=False) as sure:
        status = markup(templates.SURE, elem_id="cancel-said")
        with gr.Row(elem_classes="rondo-toolbar"):
            really = buttons.stop(N_("Cancel the round"), elem_id="cancel-really")
            keep = buttons.secondary(N_("Keep it"), elem_id="cancel-keep")
    measure = gr.Dropdown(
        [LOOP], value="", label=N_("Over the rounds"), filterable=False, visible=False, elem_id="loop-measure"
    )
    chart = gr.Plot(show_label=False, visible=False, elem_id="loop-chart")
    timer = gr.Timer(POLL_SECONDS)

    shown = [action, launch, cancel, sure, line, chart, stop, page_state]
    blocks = get_blocks_context()
    assert blocks is not None
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    blocks.root_block.load(draw, None, shown, **quiet)
    blocks.root_block.load(list_measures, None, measure, **quiet)
    timer.tick(refresh, [page_state, measure], shown, **quiet)
    measure.input(refresh, [page_state, measure], shown, **quiet)
    measure.input(None, measure, None, js=KEEP_IN_ADDRESS, api_visibility="private")
    wired: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    launch.click(start_next, [page_state], shown, **wired)
    cancel.click(ask_cancel, [page_state], [sure, status, doomed], **wired)
    stop.click(stop_after, [page_state], shown, **wired)
    keep.click(keep_waiting, None, sure, **wired)
    really.click(cancel_waiting, [page_state, doomed], shown, **wired)


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: what to do next, and the tree of rounds."""
    here = context(request)
    loop = overview.loop(here.actor, here.project_id)
    action = FirstPart("next-action", templates.ACTION, templates.ACTION_CSS, action_value(loop.next_action))
    labels = [loop.next_action.label] if loop.next_action.kind in LAUNCHES else []
    line = FirstPart("loop", templates.LINE, templates.LINE_CSS, tree_value(loop))
    return [Toolbar(action, labels, "first-act"), line]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything."""
    return _changes({}, request, str(request.query_params.get("figure", "")))


@toasts
def list_measures(request: gr.Request) -> gr.Dropdown:
    """What the chart can show; it shows the loop unless the address names another figure."""
    here, asked = context(request), str(request.query_params.get("figure", ""))
    names = trends.names(here.actor, here.project_id)
    choices = [(gettext(LOOP[0]), LOOP[1]), *((titled(name), name) for name in names)]
    return gr.Dropdown(choices, value=asked if asked in names else "", visible=bool(names))


@toasts
def refresh(page_state: dict[str, Any], measure: str | None, request: gr.Request) -> list[Any]:
    """Draw what changed since, and another figure where that was chosen."""
    return _changes(page_state, request, measure or "")


@toasts
def start_next(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Launch the recommended round."""
    here = context(request)
    overview.launch_next(here.actor, here.project_id, expected=page_state.get("expected"))
    return _changes(page_state, request)


@toasts
def ask_cancel(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Say what cancelling means, and what is lost by it, before it does."""
    actor = context(request).actor
    round_ = rounds.get(actor, _waiting_id(page_state.get("cancels")))
    decided, samples = reviews.decided_samples(actor, round_.id)
    lost = gettext(
        "No further checkpoint of this round is trained. People decided on {decided} of the round's {samples} samples."
    ).format(decided=f"{decided:,}", samples=f"{samples:,}")
    return [gr.Column(visible=True), {"number": round_.number, "lost": lost}, round_.id]


@toasts
def keep_waiting() -> gr.Column:
    """Do nothing."""
    return gr.Column(visible=False)


@toasts
def cancel_waiting(page_state: dict[str, Any], doomed: int | None, request: gr.Request) -> list[Any]:
    """Cancel the round that was asked about, if it still waits for people."""
    rounds.cancel(context(request).actor, _waiting_id(doomed), only_waiting=True)
    return _changes(page_state, request)


@toasts
def stop_after(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Let no further round follow by itself the one that the page shows."""
    if not page_state.get("stops"):
        raise Conflict("No round follows another by itself any more, so there is nothing to stop.")
    auto.stop(context(request).actor, int(page_state["stops"]))
    return _changes(page_state, request)


def _waiting_id(round_id: int | None) -> int:
    if not round_id:
        raise Conflict("No round waits for people any more, so there is nothing to cancel. Look at the loop again.")
    return int(round_id)


def _changes(page_state: dict[str, Any], request: gr.Request, measure: str | None = None) -> list[Any]:
    """New values of what differs from what the browser shows; the rest is left alone, so that nothing flickers."""
    here = context(request)
    loop = overview.loop(here.actor, here.project_id)
    # Acts leave the chart at what was chosen.
    measure = page_state.get("measure", "") if measure is None else measure
    measure, points = _points(here, loop, measure)
    now = {
        "action": action_value(loop.next_action),
        "line": tree_value(loop),
        "chart": [measure, *(list(astuple(point)) for point in points), *chart_key(loop)],
        "measure": measure,
        "cancels": loop.next_action.cancels_id,
        "stops": loop.stops_id,
        "expected": [loop.next_action.kind, loop.next_action.parent_id, len(loop.rounds)],
    }
    is_new = {key: page_state.get(key) != value for key, value in now.items()}
    figure = _figure(loop, measure, points) if is_new["chart"] else None
    button = gr.Button(loop.next_action.label, visible=loop.next_action.kind in LAUNCHES)
    return [
        now["action"] if is_new["action"] else gr.skip(),
        button if is_new["action"] else gr.skip(),
        gr.Button(visible=now["cancels"] is not None) if is_new["cancels"] else gr.skip(),
        gr.Column(visible=False) if is_new["cancels"] else gr.skip(),
        now["line"] if is_new["line"] else gr.skip(),
        gr.Plot(figure, visible=figure is not None) if is_new["chart"] else gr.skip(),
        gr.Button(visible=now["stops"] is not None) if is_new["stops"] else gr.skip(),
        now if any(is_new.values()) else gr.skip(),
    ]


def _points(here: Context, loop: Loop, measure: str) -> tuple[str, list[TrendPoint]]:
    """What was chosen, and its figures; nothing where no round has it, or has it any more."""
    if not measure or not loop.rounds:
        return "", []
    try:
        return measure, trends.read(here.actor, here.project_id, measure)
    except InvalidInput:
        return "", []


def _figure(loop: Loop, measure: str, points: list[TrendPoint]) -> go.Figure | None:
    """The chart; None where there is no number to draw, as before anything was measured or kept."""
    if measure:
        return trend(points, measure, [line.number for line in loop.rounds])
    has_number = any(share is not None for _, _, *shares in chart_key(loop) for share in shares)
    return charts.rounds(loop.lines) if has_number else None


def action_value(action: NextAction) -> dict[str, Any]:
    """What the card of the next action shows."""
    is_launch = action.kind in LAUNCHES
    return {
        "why": action.why,
        "far": action.far,
        "label": "" if is_launch else action.label,
        "target": action.target or "./",
        "change": is_launch,
    }


def chart_key(loop: Loop) -> list[Any]:
    """What the chart is drawn from."""
    return [[x.number, x.parent, x.accuracy and x.accuracy.value, x.kept_share, x.overridden_share] for x in loop.lines]
