"""Samples: every sample of a round; filter, search, sort, open one, decide on many at once."""

from typing import Any

import gradio as gr

from app.pages.samples import (
    bars,
    exporting,
    facet_panel,
    labels,
    near_duplicates,
    sample_clusters,
    saved_views,
    tagging,
    templates,
)
from app.pages.samples.bulk_acts import do_apply, do_undo, forget, look_ahead
from app.pages.samples.charting import (
    chart_of,
    choose_bar,
    choose_facet,
    draw_chart,
    draw_facets,
    draw_facets_of,
    fold_facets,
)
from app.pages.samples.drawing import (
    COLUMNS,
    address_of,
    allowed_listing,
    batch_list,
    chosen_card,
    columns_picker,
    listing,
    only_round,
    rows_of,
    steps_of,
    wanted,
)
from app.pages.samples.first_list import first_content as first_content
from app.pages.samples.narrowing import leave, narrow
from app.pages.samples.saved_views import without_view
from app.toasts import notice, toasts
from app.widgets import buttons, filter_line, list_detail, round_choice
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.form_fields import narrowed, touched
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.round_pickers import NUM_PICKED, pickers
from app.widgets.sample_choices import CLOSEST_FIRST, SORTS
from app.widgets.sample_filters import (
    NAMES,
    NO_COLUMNS,
    NUMBERS,
    filter_bar,
    num_folded,
    to_address,
    to_bar,
    without_missing_step,
)
from app.widgets.table import Table, row_number
from backend.services import rounds
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH = N_("Samples"), "samples"
POLL_SECONDS = 4.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}


def build() -> None:
    """Lay out the page and wire it."""
    asked_for, page_state, token = gr.State(CurrentChoice()), gr.State({}), gr.State("")
    is_facets_open = gr.State(False)
    kept = gr.JSON({}, visible="hidden")
    bar = filter_bar()
    chosen = bar.round
    with list_detail.side_by_side():
        with list_detail.listed():
            with gr.Row(elem_classes="rondo-toolbar"):
                count = markup(templates.COUNT, value="", elem_id="samples-count")
                markup(templates.ABOUT, templates.ABOUT_CSS, js=templates.ABOUT_JS, value="", elem_id="samples-about")
                clear = buttons.secondary(N_("Clear filters"), elem_id="samples-clear")
                with gr.Row(elem_classes="rondo-pager"):
                    before = buttons.secondary(N_("Previous"), interactive=False, elem_id="samples-previous")
                    after = buttons.secondary(N_("Next"), interactive=False, elem_id="samples-next")
            chart = markup(bars.TEMPLATE, bars.CSS, js=bars.JS, value={}, elem_id="samples-histogram")
            with gr.Accordion(N_("Filter by metadata"), open=False, elem_id="samples-facets-part") as by_metadata:
                panel = markup(
                    facet_panel.TEMPLATE, facet_panel.CSS, js=facet_panel.JS, value={}, elem_id="samples-facets"
                )
            labels.build()
            table = Table(
                headers=COLUMNS,
                datatype="str",
                interactive=False,
                show_label=False,
                max_height=620,
                elem_id="samples-table",
            )
            tag_form = tagging.build()
            saving = saved_views.build()
            exporting.build(asked_for)
            near_duplicates.build(asked_for)
            sample_clusters.build(asked_for)
            with gr.Accordion(
                N_("Accept or reject everything the filter finds"), open=False, elem_classes=needs(Role.curator)
            ):
                with gr.Row(equal_height=True):
                    action = gr.Radio(
                        [(N_("Accept"), "accept"), (N_("Reject"), "reject")],
                        value="reject",
                        label=N_("Action"),
                        scale=1,
                    )
                    reason = gr.Textbox(
                        label=N_("Reason"), info=N_("Others will read it beside each decision."), scale=3
                    )
                with gr.Row(elem_classes="rondo-toolbar"):
                    preview = buttons.secondary(N_("Preview"), elem_id="bulk-preview")
                    apply = buttons.primary(N_("Apply"), interactive=False, elem_id="bulk-apply")
                    status = markup(templates.COUNT, value="", elem_id="bulk-said")
                with gr.Row(equal_height=True):
                    batches = gr.Dropdown(
                        [], label=N_("Done before"), filterable=False, scale=3, elem_id="bulk-batches"
                    )
                    undo = buttons.secondary(N_("Undo this one"), elem_id="bulk-undo")
        with list_detail.detail():
            detail = markup(templates.DETAIL, templates.DETAIL_CSS, elem_id="sample-detail")
    timer = gr.Timer(POLL_SECONDS)

    listed = [table, count, before, after, detail, page_state, kept]
    opened = [chosen, *bar.fields, bar.more, bar.columns, *listed, batches, bar.view, *saving.fields]
    drawn = gr.on(None, draw, asked_for, opened, **QUIET)
    drawn.success(None, None, None, js=templates.INTO_VIEW_IF_ASKED, api_visibility="private")
    gr.on(None, draw_chart, None, chart, **QUIET)
    previewed = [token, apply, status]
    redrawn = [bar.view, bar.more, *listed, *previewed, *saving.fields]
    gr.on(narrowed(bar.fields), narrow, [asked_for, *bar.fields], redrawn, **QUIET)
    left = [c.blur for c in bar.fields if isinstance(c, gr.Textbox)]
    gr.on(left, leave, [asked_for, *bar.fields], redrawn, **QUIET)
    similar_to, order = (bar.fields[NAMES.index(name)] for name in ("similar", "sort"))
    similar_to.change(name_order, similar_to, order, **QUIET)
    chart.click(choose_bar, asked_for, [*(bar.fields[NAMES.index(name)] for name in NUMBERS), *redrawn], **QUIET)
    panel.click(choose_facet, asked_for, [bar.fields[NAMES.index("metadata")], *redrawn], **QUIET)
    by_metadata.expand(draw_facets, asked_for, [panel, is_facets_open], **QUIET)
    by_metadata.collapse(fold_facets, None, is_facets_open, **QUIET)
    chosen.input(draw_facets_of, [chosen, is_facets_open], panel, **QUIET)
    clear.click(clear_bar, asked_for, [bar.view, *bar.fields, bar.more, *listed, *previewed, *saving.fields], **QUIET)
    tagging.wire(tag_form, asked_for, listed)
    saved_views.wire(saving, asked_for, bar, listed, previewed)
    moved = [*bar.fields[-NUM_PICKED:], bar.columns, *listed, batches, token, apply, status]
    chosen.input(choose_round, [asked_for, chosen], moved, **QUIET)
    gr.on(touched(bar.columns), choose_columns, [asked_for, bar.columns], listed, **QUIET)
    chosen.input(chart_of, chosen, chart, **QUIET)
    before.click(to_previous, [asked_for, page_state], listed, **QUIET)
    after.click(to_next, [asked_for, page_state], listed, **QUIET)
    shown = table.select(open_row, asked_for, [detail, kept], **QUIET)
    shown.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    timer.tick(refresh, [asked_for, page_state], listed, **QUIET)
    preview.click(look_ahead, [asked_for, action], [status, token, apply], **PRIVATE)
    # In the browser, since an answer to this could come after that to the next preview; a token is of one action.
    action.input(None, None, [apply, status], js=templates.FORGET_PREVIEW, api_visibility="private")
    apply.click(do_apply, [asked_for, action, reason, token], [*listed, batches, status, token, apply], **PRIVATE)
    undo.click(do_undo, [asked_for, batches], [*listed, batches, status], **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw everything as the address says; a wrong place in the list is the first page, without what is hidden now."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    query = wanted(here, request, [round_.id for round_ in known])
    names = [(round_choice.round_line(round_), round_.id) for round_ in reversed(known)]
    query, view, untold = saved_views.resolved(here, query)
    steps = steps_of(here, query)
    query, message = without_missing_step(steps, query)
    for words in filter(None, (untold, message)):
        notice(words)
    shown, query, refusal = allowed_listing(here, asked_for, query)
    if refusal:
        notice(refusal)
        view = view if query.get("view") else None
    bar = [*to_bar(query)[:-NUM_PICKED], *pickers(here, steps, query)]
    # That they are similar stands above the list, and is no reason to unfold the rest.
    is_similar_alone = "similar" in query and num_folded(query) == 1
    folded = filter_line.folded(1) if is_similar_alone else filter_line.opened(num_folded(query))
    columns = columns_picker(here, query)
    views = [saved_views.picker(here, query), *saved_views.fields_of(view)]
    return [gr.Dropdown(names, value=query["round"]), *bar, folded, columns, *shown, batch_list(here, query), *views]


@toasts
def name_order(similar_to: int | None, request: gr.Request) -> gr.Dropdown:
    """The orders: where similar samples are asked for, the closest come first without another."""
    context(request)
    return gr.Dropdown([(gettext(name), value) for name, value in (CLOSEST_FIRST if similar_to else SORTS)])


@toasts
def clear_bar(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Everything again."""
    shown = listing(context(request), asked_for, without_view(only_round(asked_for.value)))
    fields = saved_views.fields_of(None)
    return [gr.Dropdown(value=0), *to_bar({}), filter_line.folded(0), *shown, *forget(), *fields]


@toasts
def choose_columns(asked_for: CurrentChoice, columns: list[str] | None, request: gr.Request) -> list[Any]:
    """The same rows with other columns of metadata."""
    changed = {"columns": columns or [NO_COLUMNS], "as_saved": False}
    return listing(context(request), asked_for, asked_for.value | changed)


@toasts
def choose_round(asked_for: CurrentChoice, round_id: int, request: gr.Request) -> list[Any]:
    """The same filters on another round."""
    here, left = context(request), ("sample", "at", "no_round", "is_in_trash", "no_sample", "step", "keys")
    moved = {name: value for name, value in asked_for.value.items() if name not in left} | {"round": round_id}
    if asked_for.value.get("step"):
        moved["as_saved"] = False
    picked = pickers(here, steps_of(here, moved), moved)
    columns = columns_picker(here, moved)
    return [*picked, columns, *listing(here, asked_for, moved), batch_list(here, moved), *forget()]


@toasts
def to_previous(asked_for: CurrentChoice, page_state: JSON, request: gr.Request) -> list[Any]:
    """One page back."""
    return listing(context(request), asked_for, asked_for.value | {"at": page_state.get("previous")})


@toasts
def to_next(asked_for: CurrentChoice, page_state: JSON, request: gr.Request) -> list[Any]:
    """One page on."""
    return listing(context(request), asked_for, asked_for.value | {"at": page_state.get("next")})


@toasts
def open_row(asked_for: CurrentChoice, event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show one sample beside the table, and keep it in the address."""
    here, opened = context(request), asked_for.value | {"sample": row_number(event), "no_sample": ""}
    detail = chosen_card(here, opened)
    asked_for.put(opened)
    return [detail, {"address": to_address(address_of(opened))}]


@toasts
def refresh(asked_for: CurrentChoice, page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw the page again only when something on it changed."""
    query = asked_for.value
    # Without what was seen there is no list: of what the address asks for something cannot be read.
    if not query.get("round") or not page_state:
        return [gr.skip()] * 7
    drawn = rows_of(context(request), query)
    is_new = drawn[4] != page_state
    changed = [*drawn[:4], gr.skip(), drawn[4], {"found": drawn[5]}]
    return asked_for.unless_over(query, changed if is_new else [gr.skip()] * 7)
