"""Groups: all samples of a prompt in one row, with how many of them pass; by the filters of the Samples page."""

from typing import Any

import gradio as gr

from app.pages.groups import shown, templates
from app.toasts import notice, toasts
from app.widgets import buttons, filter_line
from app.widgets.asked import AddressId, asked
from app.widgets.context import Context, context
from app.widgets.form_fields import narrowed
from app.widgets.markup import markup
from app.widgets.round_choice import round_line
from app.widgets.round_pickers import NUM_PICKED, pickers
from app.widgets.sample_filters import (
    CAN_CLEAR,
    filter_bar,
    from_address,
    from_bar,
    num_folded,
    to_bar,
    without_missing_step,
)
from backend.errors import PermissionDenied
from backend.services import rounds
from backend.services.samples import text_steps
from backend.services.samples.text_steps import TextStep
from backend.translations import N_
from backend.values import JSON

TITLE, PATH, MENU = N_("Groups"), "groups", "more"
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}


def build() -> None:
    """Lay out the page and wire it."""
    place, kept = gr.State({}), gr.JSON({}, visible="hidden")
    bar = filter_bar("groups", is_list=False)
    with gr.Row(elem_classes="rondo-toolbar"):
        order = gr.Dropdown(
            shown.ORDERS,
            value=shown.FIRST_ORDER,
            label=N_("Order"),
            show_label=False,
            filterable=False,
            min_width=220,
            elem_id="groups-order",
        )
        count = markup(templates.COUNT, value="", elem_id="groups-count")
        about = markup(templates.ABOUT, templates.ABOUT_CSS, value={"to": "samples"}, elem_id="groups-about")
        clear = buttons.secondary(N_("Clear filters"), elem_id="groups-clear")
        before = buttons.secondary(N_("Previous"), interactive=False, elem_id="groups-previous")
        after = buttons.secondary(N_("Next"), interactive=False, elem_id="groups-next")
    rows = markup(templates.LIST, templates.LIST_CSS, elem_id="groups-list")

    listed = [rows, count, before, after, about, place, kept]
    drawn = gr.on(None, draw, None, [bar.round, *bar.fields, bar.more, order, *listed], **QUIET)
    redrawn = gr.on(
        [*narrowed(bar.fields), order.input], narrow, [bar.round, order, *bar.fields], [bar.more, *listed], **QUIET
    )
    chosen = [*bar.fields[-NUM_PICKED:], bar.more, order, *listed]
    moved = bar.round.input(choose_round, [bar.round, order, *bar.fields], chosen, **QUIET)
    for event in (drawn, redrawn, moved):
        event.failure(None, None, None, js=CAN_CLEAR, api_visibility="private")
    clear.click(clear_bar, [bar.round, order], [*bar.fields, bar.more, *listed], **QUIET)
    before.click(to_previous, place, listed, **QUIET)
    after.click(to_next, place, listed, **QUIET)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything as the address says; without a round that of the newest, without what is hidden now."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    names = [(round_line(round_), round_.id) for round_ in reversed(known)]
    query = wanted(request, [round_.id for round_ in known])
    steps = steps_of(here, query)
    query, message = without_missing_step(steps, query)
    offered = shown.orders(here, query)
    query, refused = shown.without_refused_order(offered, query)
    for words in filter(None, (message, refused)):
        notice(words)
    try:
        listed = shown.drawn(here, query, [])
    except PermissionDenied as error:
        notice(error.message)
        query = {name: query[name] for name in ("round", "order") if name in query}
        listed = shown.drawn(here, query, [])
    bar = [*to_bar(query)[:-NUM_PICKED], *pickers(here, steps, query)]
    order = gr.Dropdown(offered, value=query.get("order", shown.FIRST_ORDER))
    return [gr.Dropdown(names, value=query["round"]), *bar, filter_line.opened(num_folded(query)), order, *listed]


def wanted(request: gr.Request, round_ids: list[int]) -> JSON:
    """What the address asks for."""
    parameters = dict(request.query_params)
    left = ("sort", "view", "columns")
    query = {name: value for name, value in from_address(parameters).items() if name not in left}
    order = str(parameters.get("order", ""))
    query |= {"order": order} if order in {value for _, value in shown.ORDERS} else {}
    round_ = asked(request, "round", "round", round_ids)
    newest = next(reversed(round_ids), None) if round_ == AddressId() else round_.id
    return query | {"round": newest} | ({"no_round": round_.missing} if round_.missing else {})


def steps_of(here: Context, query: JSON) -> list[TextStep]:
    return text_steps.steps(here.actor, query["round"]) if query.get("round") else []


def query_of(round_id: int | None, order: str, values: tuple[Any, ...]) -> JSON:
    """What the bar asks for."""
    return from_bar(values) | {"round": round_id, "order": order or shown.FIRST_ORDER}


@toasts
def narrow(request: gr.Request, round_id: int | None, order: str, *values: Any) -> list[Any]:
    """Filter, search, sort: from the first page."""
    query = query_of(round_id, order, values)
    return [filter_line.folded(num_folded(query)), *shown.drawn(context(request), query, [])]


@toasts
def choose_round(request: gr.Request, round_id: int | None, order: str, *values: Any) -> list[Any]:
    """The same filters on another round, whose steps are others."""
    here, query = context(request), query_of(round_id, order, values)
    query.pop("step", None)
    offered = shown.orders(here, query)
    query, refused = shown.without_refused_order(offered, query)
    if refused:
        notice(refused)
    drawn = shown.drawn(here, query, [])
    picked, order = pickers(here, steps_of(here, query), query), query.get("order", shown.FIRST_ORDER)
    return [*picked, filter_line.folded(num_folded(query)), gr.Dropdown(offered, value=order), *drawn]


@toasts
def clear_bar(request: gr.Request, round_id: int | None, order: str) -> list[Any]:
    """Everything again, in the same order."""
    drawn = shown.drawn(context(request), {"round": round_id, "order": order}, [])
    return [*to_bar({}), filter_line.folded(0), *drawn]


@toasts
def to_previous(request: gr.Request, place: JSON) -> list[Any]:
    """One page back; from a page that an address led to, the first."""
    before = list(place.get("before", []))
    at = before.pop() if before else None
    return shown.drawn(context(request), place.get("query", {}) | {"at": at}, before)


@toasts
def to_next(request: gr.Request, place: JSON) -> list[Any]:
    """One page on."""
    query = place.get("query", {})
    before = [*place.get("before", []), query.get("at")]
    return shown.drawn(context(request), query | {"at": place.get("next")}, before)
