"""Datasets: what each training read, why the rest fell out, who is behind it, and its download."""

import json
from typing import Any

import gradio as gr

from app.pages.datasets import downloading, templates
from app.pages.prompts.importing import short, table
from app.toasts import notice, toasts
from app.widgets import buttons, drop_bars, hub_card, hub_push, list_detail
from app.widgets.asked import AddressId, asked, not_here
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.table import Table, row_number
from app.widgets.times import moment
from backend.errors import InvalidInput
from backend.services import datasets
from backend.services.access import Actor
from backend.services.datasets import (
    DatasetDetail,
    DatasetRow,
    DatasetView,
    cut_in_words,
    dataset_cards,
    exports,
)
from backend.services.datasets.tool_rows import Tool
from backend.services.hub import pushes
from backend.values import DatasetType

TITLE, PATH = "Datasets", "datasets"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
ALL = ["Dataset", "Round", "Type", "Rows", "Checkpoint", "Hash", "Frozen"]
ROWS = ["#", "Prompt", "Chosen or completion", "Rejected", "Label", "Weight", "Origin"]
PEOPLE = ["Person", "Decisions", "Overrides"]


def build() -> None:
    """Lay out the page and wire it."""
    seen = gr.State({})
    kept = gr.JSON({}, visible="hidden")
    with list_detail.side_by_side(wide_detail=True):
        with list_detail.listed():
            listed = table(ALL, "All datasets", "datasets-table", widths=[10, 9, 20, 12, 19, 15, 15])
        with list_detail.detail():
            card = markup(templates.DATASET, templates.DATASET_CSS, elem_id="dataset")
            with gr.Tab("Funnel"):
                funnel = markup(templates.FUNNEL, templates.FUNNEL_CSS, elem_id="dataset-funnel")
            with gr.Tab("Rows"):
                rows = table(ROWS, "Training rows", "dataset-rows", widths=[6, 28, 26, 18, 7, 7, 8])
                with gr.Row(elem_classes="rondo-toolbar"):
                    first = buttons.secondary("First page", interactive=False)
                    more = buttons.secondary("Next page", interactive=False, elem_id="dataset-next")
                whole = gr.Textbox(label="Row", lines=3, max_lines=24, visible=False, elem_id="dataset-row")
            with gr.Tab("People"):
                people = table(PEOPLE, "Who decided on what is in it", "dataset-people")
            with gr.Tab("Download"):
                tool = gr.Radio(
                    [(one.in_words, one.value) for one in Tool], value="trl", label="For", elem_id="export-tool"
                )
                with gr.Row():
                    format = gr.Radio(["jsonl", "parquet"], value="jsonl", label="Format", elem_id="export-format")
                    type = gr.Dropdown(
                        [], label="Type", info="TRL's dataset types this one can become.", elem_id="export-type"
                    )
                strict = gr.Checkbox(False, label="Only the columns TRL reads, without provenance")
                leave_out = gr.Checkbox(False, label="Without the rows that a check finds")
                tokens_of = gr.Dropdown(
                    [],
                    label="Count tokens by",
                    info="The tokenizer and chat template of a checkpoint, when the rows are checked.",
                    elem_id="export-tokens",
                )
                with gr.Row(elem_classes="rondo-toolbar"):
                    link = markup(templates.DOWNLOAD, templates.DOWNLOAD_CSS, elem_id="export-link")
                    check = buttons.secondary("Check the rows", elem_id="export-check")
                    verify = buttons.secondary("Verify the content hash", elem_id="dataset-verify")
                status = markup(templates.STATUS, elem_id="export-status")
            with gr.Tab("Card"):
                write_card, hub_text = hub_card.draw("dataset")
                pushed = hub_push.draw("dataset", has_rows=True)

    wanted = [seen, format, type, strict, leave_out, tool]
    shown = [
        card,
        listed,
        funnel,
        rows,
        first,
        more,
        whole,
        people,
        type,
        tokens_of,
        link,
        status,
        hub_text,
        pushed.state,
        seen,
        kept,
    ]
    gr.on(None, draw, None, shown, **QUIET)
    opened = listed.select(choose, None, shown, **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    first.click(to_first, [seen], [rows, first, more, seen], **QUIET)
    more.click(to_next, [seen], [rows, first, more, seen], **QUIET)
    rows.select(open_row, [seen], whole, **QUIET)
    gr.on([c.input for c in (format, type, strict, leave_out, tool)], point, wanted, [link, status], **QUIET)
    check.click(check_rows, [*wanted, tokens_of], status, **PRIVATE)
    write_card.click(write_dataset_card, [seen], hub_text, **PRIVATE)
    pushed.go.click(push, [seen, format, pushed.repo, pushed.is_private, pushed.found_rows], pushed.state, **PRIVATE)
    verify.click(verify_hash, [seen], status, **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


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
def to_first(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """Back to the first rows."""
    return _page(context(request).actor, _chosen(seen), None)


@toasts
def to_next(seen: dict[str, Any], request: gr.Request) -> list[Any]:
    """On to the next rows."""
    return _page(context(request).actor, _chosen(seen), seen.get("next"))


@toasts
def open_row(seen: dict[str, Any], event: gr.SelectData, request: gr.Request) -> gr.Textbox:
    """Show one row whole."""
    place = row_number(event)
    page = datasets.rows(context(request).actor, _chosen(seen), cursor=place - 1, limit=1)
    if not page.rows:
        return gr.Textbox(visible=False)
    return gr.Textbox(whole_row(page.rows[0], page.type), visible=True, label=f"Row {place}")


@toasts
def point(
    seen: dict[str, Any], format: str, type: str, strict: bool, leave_out: bool, tool: str, request: gr.Request
) -> list[Any]:
    """Make the link fit what is chosen, or say why there is none."""
    context(request)
    try:
        return [
            downloading.link(
                _chosen(seen), format, type, strict=strict, leave_out=leave_out, tool=downloading.tool_of(tool)
            ),
            None,
        ]
    except InvalidInput as error:
        return [None, {"is_bad": True, "lines": [error.message]}]


@toasts
def check_rows(
    seen: dict[str, Any],
    format: str,
    type: str,
    strict: bool,
    leave_out: bool,
    tool: str,
    tokens_of: int | None,
    request: gr.Request,
) -> dict[str, Any]:
    """Write the file and say what the checks found."""
    exported = exports.export(
        context(request).actor,
        _chosen(seen),
        format="parquet" if format == "parquet" else "jsonl",
        type=DatasetType(type),
        is_strict=strict,
        leave_out=leave_out,
        tool=downloading.tool_of(tool),
        tokens_of=tokens_of or None,
    )
    return downloading.export_values(exported)


@toasts
def verify_hash(seen: dict[str, Any], request: gr.Request) -> dict[str, Any]:
    """Say whether the rows are still those that were frozen."""
    check = datasets.verify(context(request).actor, _chosen(seen))
    if check.is_unchanged:
        return {"is_bad": False, "lines": [f"Unchanged: {check.num_rows:,} rows have the hash they were frozen with."]}
    lines = ["Changed since it was frozen. Somebody wrote to the database past Rondo; the training files keep a copy."]
    return {"is_bad": True, "lines": [*lines, f"frozen: {check.frozen_hash}", f"now: {check.hash_now}"]}


@toasts
def write_dataset_card(seen: dict[str, Any], request: gr.Request) -> gr.Code:
    """Write the card of the chosen dataset."""
    return hub_card.shown(dataset_cards.of_dataset(context(request).actor, _chosen(seen)))


@toasts
def push(
    seen: dict[str, Any], format: str, repo: str, is_private: bool, found_rows: Any, request: gr.Request
) -> dict[str, Any] | None:
    """Have the chosen dataset pushed to the hub, in the format that is chosen for downloads."""
    here = context(request)
    wanted: Any = "parquet" if format == "parquet" else "jsonl"
    knobs = {"is_private": bool(is_private), "format": wanted, "found_rows": found_rows}
    job_id = pushes.push_dataset(here.actor, _chosen(seen), repo or "", **knobs)
    notice(f"Job {job_id} is queued: it pushes the dataset.")
    return hub_push.state_value(pushes.get(here.actor, job_id))


def _chosen(seen: dict[str, Any]) -> int:
    if seen.get("dataset") is None:
        raise InvalidInput("No dataset is chosen. Choose one from the table; a round makes one when it selects.")
    return int(seen["dataset"])


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
    rows, first, more, seen = _page(actor, view.id, None)
    return [
        card_value(detail),
        Table([list_row(v) for v in views], visible=True),
        funnel_value(detail),
        rows,
        first,
        more,
        gr.Textbox(visible=False),
        [[p.name, f"{p.num_decisions:,}", f"{p.num_overrides:,}"] for p in detail.people],
        gr.Dropdown(types, value=types[0]),
        downloading.counters(actor, project_id),
        downloading.link(view.id, "jsonl", types[0], strict=False, leave_out=False, tool=Tool.trl),
        None,
        hub_card.nothing(),
        hub_push.state_value(pushes.newest(actor, project_id, "dataset", view.id)),
        seen,
        {"dataset": str(view.id)},
    ]


def _page(actor: Actor, dataset_id: int, cursor: int | None) -> list[Any]:
    page = datasets.rows(actor, dataset_id, cursor=cursor)
    rows = [table_row(row) for row in page.rows]
    buttons = [gr.Button(interactive=cursor is not None), gr.Button(interactive=page.next is not None)]
    return [rows, *buttons, {"dataset": dataset_id, "next": page.next}]


def card_value(detail: DatasetDetail) -> dict[str, Any]:
    """What the card shows; texts only."""
    view = detail.view
    origins = ", ".join(f"{count:,} {origin}" for origin, count in detail.origins.items())
    facts = {k: v for k, v in detail.provenance.items() if v and k != "people"}
    return {
        "title": f"Dataset {view.id}",
        "type": view.type.replace("_", " "),
        "rows": f"{view.num_examples:,} rows ({origins})",
        "round": view.round_number,
        "round_id": view.round_id,
        "made": moment(view.created_at),
        "checkpoint": view.checkpoint,
        "checkpoint_id": view.checkpoint_id,
        "untrained": "no checkpoint yet" if view.is_read else "none: a later step of the round went on from its rows",
        "hash": view.content_hash,
        "provenance": [
            {"name": k.replace("_", " "), "value": cut_in_words(v) if k == "cut" else _fact(v)}
            for k, v in facts.items()
        ],
    }


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items() if version)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def funnel_value(detail: DatasetDetail) -> dict[str, Any]:
    """The stages from prompts to training rows; why rows fell out of each, and what is told beside that."""
    most = max((int(step["count"]) for step in detail.funnel), default=0) or 1
    return {"stages": [_stage(step, most) for step in detail.funnel]}


def _stage(step: dict[str, Any], most: int) -> dict[str, Any]:
    dropped = step.get("dropped") or {}
    beside = [f"{k} {v:,}" for k, v in step.items() if k not in ("stage", "count", "dropped") and isinstance(v, int)]
    beside += [cut_in_words(step["cut"])] if step.get("cut") else []
    unit = [f"counted in {step['unit']}"] if dropped and step.get("unit") else []
    return {
        "name": str(step["stage"]),
        "count": f"{step['count']:,}",
        "width": round(100 * int(step["count"]) / most, 1),
        "drops": drop_bars.bars((str(reason), int(count), "") for reason, count in dropped.items() if count),
        "beside": "; ".join([*beside, *unit]),
    }


def list_row(view: DatasetView) -> list[str]:
    """One dataset as the table shows it."""
    frozen = moment(view.created_at)
    type, checkpoint = view.type.replace("_", " "), view.checkpoint or "–"
    return [
        str(view.id),
        str(view.round_number),
        type,
        f"{view.num_examples:,}",
        checkpoint,
        view.content_hash[:12],
        frozen,
    ]


def table_row(row: DatasetRow) -> list[str]:
    """One training row as the table shows it."""
    label = "" if row.label is None else "good" if row.label else "bad"
    prompt, rejected = short(row.messages[-1]["content"] if row.messages else ""), short(row.rejected or "")
    return [str(row.position), prompt, short(row.completion), rejected, label, f"{row.weight:g}", row.origin]


def whole_row(row: DatasetRow, type: DatasetType) -> str:
    """All of a row as text."""
    if type is DatasetType.language_modeling and not (row.messages and row.completion):
        parts = [f"text:\n{datasets.plain(row.messages, row.completion)}"]
    else:
        parts = [f"{message['role']}:\n{message['content']}" for message in row.messages]
        parts += [f"{'chosen' if row.rejected is not None else 'completion'}:\n{row.completion}"]
    parts += [f"rejected:\n{row.rejected}"] if row.rejected is not None else []
    none = "none (the prompt’s own answer)" if row.completion else "none"
    ids = f"prompt {row.prompt_id}, sample {row.sample_id or none}"
    return "\n\n".join([*parts, ids + (f", rejected sample {row.rejected_id}" if row.rejected_id else "")])
