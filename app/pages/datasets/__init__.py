"""Datasets: what each training read, why the rest fell out, who is behind it, and its download."""

from typing import Any

import gradio as gr

from app.pages.datasets import downloading, scanning, templates, writing
from app.pages.datasets.downloading import check_rows, point
from app.pages.datasets.pushing import chosen_in, follow_push, look_again, push
from app.pages.datasets.shown import card_value, funnel_value, list_row, table_row, whole_row
from app.pages.prompts.importing import table
from app.toasts import toasts
from app.widgets import buttons, hub_card, hub_push, list_detail
from app.widgets.asked import AddressId, asked, not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.first import FirstPart, FirstRow, Listed
from app.widgets.first_table import table_part
from app.widgets.markup import markup
from app.widgets.table import Table, row_number
from backend.services import datasets
from backend.services.access import Actor
from backend.services.datasets import dataset_cards, exports, tool_rows
from backend.services.datasets.tool_rows import TRL
from backend.services.hub import pushes
from backend.translations import N_, gettext, ngettext

TITLE, PATH = N_("Datasets"), "datasets"
POLL_SECONDS = 2.0
"""How often a push that is under way is looked at."""
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
ALL = [N_("Dataset"), N_("Round"), N_("Type"), N_("Rows"), N_("Checkpoint"), N_("Frozen")]
WIDTHS = [13, 10, 21, 10, 22, 24]
ROWS = ["#", N_("Prompt"), N_("Chosen or completion"), N_("Rejected"), N_("Label"), N_("Weight"), N_("Origin")]
PEOPLE = [N_("Person"), N_("Decisions"), N_("Overrides")]


def build() -> None:
    """Lay out the page and wire it."""
    page_state, followed = gr.State({}), gr.State(CurrentChoice())
    kept = gr.JSON({}, visible="hidden")
    timer = gr.Timer(POLL_SECONDS, active=False)
    with list_detail.side_by_side(wide_detail=True):
        with list_detail.listed():
            listed = table(ALL, N_("All datasets"), "datasets-table", widths=WIDTHS)
        with list_detail.detail():
            card = markup(templates.DATASET, templates.DATASET_CSS, elem_id="dataset")
            with gr.Tab(N_("Funnel")):
                funnel = markup(templates.FUNNEL, templates.FUNNEL_CSS, elem_id="dataset-funnel")
            with gr.Tab(N_("Rows")):
                rows = table(ROWS, N_("Training rows"), "dataset-rows", widths=[6, 28, 26, 18, 7, 7, 8])
                with gr.Row(elem_classes="rondo-toolbar"):
                    first = buttons.secondary(N_("First page"), interactive=False)
                    more = buttons.secondary(N_("Next page"), interactive=False, elem_id="dataset-next")
                whole = gr.Textbox(label=N_("Row"), lines=3, max_lines=24, visible=False, elem_id="dataset-row")
            with gr.Tab(N_("People")):
                people = table(PEOPLE, N_("Who decided on what is in it"), "dataset-people")
            with gr.Tab(N_("Download")) as download:
                tool = gr.Radio(
                    tool_rows.offered(),
                    value="trl",
                    label=N_("For"),
                    elem_id="export-tool",
                )
                with gr.Row():
                    format = gr.Radio(["jsonl", "parquet"], value="jsonl", label=N_("Format"), elem_id="export-format")
                    type = gr.Dropdown(
                        [], label=N_("Type"), info=N_("TRL's dataset types this one can become."), elem_id="export-type"
                    )
                strict = gr.Checkbox(False, label=N_("Only the columns TRL reads, without provenance"))
                leave_out = gr.Checkbox(False, label=N_("Without the rows that a check finds"))
                with gr.Row():
                    handling = gr.Radio(
                        downloading.HANDLINGS,
                        value="",
                        label=N_("Rows in which the scan found something"),
                        elem_id="export-handling",
                    )
                    reason = gr.Textbox(label=N_("Reason to keep them"), max_length=500, elem_id="export-reason")
                tokens_of = gr.Dropdown(
                    [],
                    label=N_("Count tokens by"),
                    info=N_("By tokenizer and chat template of a checkpoint, when a curator checks the rows."),
                    elem_id="export-tokens",
                )
                with gr.Row(elem_classes="rondo-toolbar"):
                    link = markup(templates.DOWNLOAD, templates.DOWNLOAD_CSS, elem_id="export-link")
                    check = buttons.secondary(N_("Check the rows"), elem_id="export-check")
                    verify = buttons.secondary(N_("Verify the content hash"), elem_id="dataset-verify")
                status = markup(templates.STATUS, elem_id="export-status")
                asked_as = [format, type, strict, leave_out, tool, handling, reason]
                writing.build(page_state, asked_as, kept)
            with gr.Tab(N_("Scan")):
                scanned = scanning.build(page_state, kept)
            with gr.Tab(N_("Card")):
                write_card, hub_text = hub_card.draw("dataset")
                pushed = hub_push.draw("dataset", has_rows=True)

    wanted = [page_state, *asked_as]
    shown = [
        card,
        listed,
        funnel,
        rows,
        first,
        more,
        whole,
        people,
        tool,
        format,
        strict,
        leave_out,
        handling,
        reason,
        type,
        tokens_of,
        link,
        status,
        hub_text,
        pushed.state,
        page_state,
        kept,
    ]
    gr.on(None, draw, None, shown, **QUIET)
    opened = listed.select(choose, None, shown, **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    first.click(to_first, [page_state], [rows, first, more, page_state], **QUIET)
    more.click(to_next, [page_state], [rows, first, more, page_state], **QUIET)
    rows.select(open_row, [page_state], whole, **QUIET)
    gr.on(
        # A reason is whole when it is left: each key would ask the database.
        [
            *(c.input for c in (format, type, strict, leave_out, tool, handling)),
            *(reason.blur, reason.submit, download.select, scanned.change),
        ],
        point,
        wanted,
        [link, status],
        # One at a time: an answer to what was chosen before comes after another's on a busy server.
        **LAST,
    )
    check.click(check_rows, [*wanted, tokens_of], status, **PRIVATE)
    write_card.click(write_dataset_card, [page_state], hub_text, **PRIVATE)
    to_push = [page_state, format, pushed.repo, pushed.is_private, pushed.found_rows, pushed.reason]
    asked_for = pushed.go.click(push, to_push, pushed.state, **PRIVATE)
    for follows in (kept.change, asked_for.success):
        follows(follow_push, [followed, page_state], [pushed.state, timer], **QUIET)
    timer.tick(look_again, followed, [pushed.state, timer], **QUIET)
    verify.click(verify_hash, [page_state], status, **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the list of datasets with the chosen one's card; nothing where there is none, or another is asked for."""
    here = context(request)
    chosen = asked(request, "dataset", "dataset")
    views = datasets.list_datasets(here.actor, here.project_id)
    ids = [view.id for view in views]
    if not ids or chosen.missing or (chosen.id is not None and chosen.id not in ids):
        return []
    detail = datasets.get(here.actor, ids[0] if chosen.id is None else chosen.id)
    rows = [list_row(view) for view in views]
    widths = [f"{width}%" for width in WIDTHS]
    listed = table_part(
        "datasets-table", [gettext(head) for head in ALL], rows, widths, label=gettext("All datasets"), min_width=760
    )
    card = FirstPart("dataset", templates.DATASET, templates.DATASET_CSS, card_value(detail))
    return [Listed([listed], [card], has_wide_detail=True)]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything; the address says which dataset was chosen."""
    here = context(request)
    return _shown(here.actor, here.project_id, asked(request, "dataset", "dataset"))


@toasts
def choose(event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show another dataset."""
    here = context(request)
    return _shown(here.actor, here.project_id, AddressId(row_number(event)))


@toasts
def to_first(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Back to the first rows."""
    return _page(context(request).actor, chosen_in(page_state), None)


@toasts
def to_next(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """On to the next rows."""
    return _page(context(request).actor, chosen_in(page_state), page_state.get("next"))


@toasts
def open_row(page_state: dict[str, Any], event: gr.SelectData, request: gr.Request) -> gr.Textbox:
    """Show one row whole."""
    place = row_number(event)
    page = datasets.rows(context(request).actor, chosen_in(page_state), cursor=place - 1, limit=1)
    if not page.rows:
        return gr.Textbox(visible=False)
    return gr.Textbox(
        whole_row(page.rows[0], page.type), visible=True, label=gettext("Row {number}").format(number=place)
    )


@toasts
def verify_hash(page_state: dict[str, Any], request: gr.Request) -> dict[str, Any]:
    """Say whether the rows are still those that were frozen."""
    check = datasets.verify(context(request).actor, chosen_in(page_state))
    if check.is_unchanged:
        unchanged = ngettext(
            "Unchanged: {number} row has the hash it was frozen with.",
            "Unchanged: {number} rows have the hash they were frozen with.",
            check.num_rows,
        )
        return {"is_bad": False, "lines": [unchanged.format(number=f"{check.num_rows:,}")]}
    lines = [
        gettext(
            "Changed since it was frozen. Somebody wrote to the database past Rondo; the training files keep a copy."
        )
    ]
    hashes = [
        gettext("frozen: {hash}").format(hash=check.frozen_hash),
        gettext("now: {hash}").format(hash=check.hash_now),
    ]
    return {"is_bad": True, "lines": [*lines, *hashes]}


@toasts
def write_dataset_card(page_state: dict[str, Any], request: gr.Request) -> gr.Code:
    """Write the card of the chosen dataset."""
    return hub_card.shown(dataset_cards.of_dataset(context(request).actor, chosen_in(page_state)))


def _shown(actor: Actor, project_id: int, chosen: AddressId) -> list[Any]:
    """The list, and all about the chosen dataset; without a choice about the newest."""
    views = datasets.list_datasets(actor, project_id)
    ids = [view.id for view in views]
    missing = chosen.missing
    if not missing and chosen.id is not None and chosen.id not in ids:
        missing = not_here("dataset", chosen.id)
    if missing or not ids:
        empty: list[list[str]] = []
        return [
            {"missing": missing} if missing else {"is_empty": True},
            Table([list_row(v) for v in views], visible=bool(ids)),
            None,
            empty,
            gr.Button(interactive=False),
            gr.Button(interactive=False),
            gr.Textbox(visible=False),
            empty,
            *downloading.FRESH,
            gr.Dropdown([], value=None),
            gr.Dropdown([], value=None),
            None,
            None,
            hub_card.nothing(),
            None,
            {},
            {},
        ]
    detail = datasets.get(actor, ids[0] if chosen.id is None else chosen.id)
    view = detail.view
    types = [str(type) for type in exports.types(view.type)]
    rows, first, more, page_state = _page(actor, view.id, None)
    return [
        card_value(detail),
        Table([list_row(v) for v in views], visible=True),
        funnel_value(detail),
        rows,
        first,
        more,
        gr.Textbox(visible=False),
        [[p.name, f"{p.num_decisions:,}", f"{p.num_overrides:,}"] for p in detail.people],
        *downloading.FRESH,
        gr.Dropdown(types, value=types[0]),
        downloading.counters(actor, project_id),
        *downloading.offered(actor, view.id, "jsonl", types[0], strict=False, leave_out=False, tool=TRL),
        hub_card.nothing(),
        hub_push.state_value(pushes.newest(actor, project_id, "dataset", view.id)),
        page_state,
        {"dataset": str(view.id)},
    ]


def _page(actor: Actor, dataset_id: int, cursor: int | None) -> list[Any]:
    page = datasets.rows(actor, dataset_id, cursor=cursor)
    rows = [table_row(row) for row in page.rows]
    buttons = [gr.Button(interactive=cursor is not None), gr.Button(interactive=page.next is not None)]
    return [rows, *buttons, {"dataset": dataset_id, "next": page.next}]
