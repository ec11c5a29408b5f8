"""The part of the tab Download that has a worker write the file, which a large dataset needs."""

from typing import Any

import gradio as gr

from app.pages.datasets.downloading import check_lines, tool_of
from app.pages.datasets.pushing import chosen_in
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.markup import Markup, markup
from app.widgets.times import moment
from backend.errors import Conflict, NotFound
from backend.services.datasets import export_jobs
from backend.services.datasets.export_jobs import DatasetExport, DatasetExportRequest
from backend.translations import N_, gettext
from backend.values import JSON, DatasetType, JobStatus

POLL_SECONDS = 2.0
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
SHOWN = """
{{#if value.text}}<p class="rondo-muted" role="status">{{value.text}}</p>{{/if}}
{{#if value.lines}}<ul>{{#each value.lines}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
{{#if value.error}}<p class="rondo-bad" role="alert">{{value.error}}</p>{{/if}}
{{#if value.link}}<a class="rondo-primary" href="{{value.link}}" download="{{value.name}}">Download {{value.name}}</a>
{{/if}}
"""
CSS = "a { display: inline-block; text-decoration: none; } .rondo-bad { color: var(--rondo-bad); }"


def build(page_state: gr.State, asked: list[Any], kept: gr.JSON) -> None:
    """Lay the part out and wire it. `asked`: what a file is asked for by; `kept` changes with the chosen dataset."""
    with gr.Row(elem_classes="rondo-toolbar"):
        write = buttons.secondary(N_("Write the file in the background"), elem_id="export-write")
        stop = buttons.stop(N_("Cancel writing"), visible=False, elem_id="export-write-cancel")
    shown: Markup = markup(SHOWN, CSS, elem_id="export-written")
    job, timer = gr.State(0), gr.Timer(POLL_SECONDS, active=False)
    seen = [shown, job, timer, stop]
    write.click(start, [page_state, *asked], seen, **QUIET)
    stop.click(cancel, job, seen, **QUIET)
    kept.change(last_export, page_state, seen, **QUIET)
    timer.tick(follow, job, seen, **QUIET)


@toasts
def start(
    page_state: JSON,
    format: str,
    type: str,
    strict: bool,
    leave_out: bool,
    tool: str,
    handling: str,
    reason: str,
    request: gr.Request,
) -> list[Any]:
    """Have a worker write what is chosen."""
    actor = context(request).actor
    chosen: Any = "parquet" if format == "parquet" else "jsonl"
    how = (DatasetType(type), bool(strict), bool(leave_out), tool_of(tool), handling or "", reason or "")
    job_id = export_jobs.start(actor, chosen_in(page_state), DatasetExportRequest(chosen, *how))
    return drawn(export_jobs.get(actor, job_id))


@toasts
def cancel(job_id: int, request: gr.Request) -> list[Any]:
    """Stop the job."""
    actor = context(request).actor
    export_jobs.cancel(actor, job_id)
    return drawn(export_jobs.get(actor, job_id))


@toasts
def last_export(page_state: JSON, request: gr.Request) -> list[Any]:
    """What was written last of the chosen dataset, if its file is still there."""
    if not page_state.get("dataset"):
        return drawn(None)
    try:
        return drawn(export_jobs.newest(context(request).actor, chosen_in(page_state)))
    except (NotFound, Conflict):  # what can be looked at may be away from who writes it
        return drawn(None)


@toasts
def follow(job_id: int, request: gr.Request) -> list[Any]:
    """How far the job is."""
    try:
        return drawn(export_jobs.get(context(request).actor, job_id) if job_id else None)
    except (NotFound, Conflict):  # nothing is left to follow, so the timer stops
        return drawn(None)


def drawn(export: DatasetExport | None) -> list[Any]:
    """What is shown of a job, its number, whether to look again, and whether it can be stopped."""
    if export is None:
        return [{}, 0, gr.Timer(active=False), gr.Button(visible=False)]
    goes_on = not export.is_over
    return [card(export), export.job_id, gr.Timer(active=goes_on), gr.Button(visible=goes_on)]


def card(export: DatasetExport) -> JSON:
    """What is told of a job, with its link."""
    if export.is_ready and export.expires_at is not None:
        text = gettext("{number} rows are written. The file stays until {when}.")
        text = text.format(number=f"{export.num_rows:,}", when=moment(export.expires_at))
        link = f"/api/v1/dataset-exports/{export.job_id}/file"
        return {"text": text, "lines": check_lines(export), "name": export.name, "link": link}
    if export.status is JobStatus.queued:
        return {"text": gettext("The job waits for a worker. You may leave the page.")}
    if not export.is_over:
        text = gettext("{number} of {whole} rows are written. You may leave the page.")
        return {"text": text.format(number=f"{export.done:,}", whole=f"{export.total:,}")}
    if export.status is JobStatus.cancelled:
        return {"text": gettext("The export is cancelled.")}
    return {"error": export.error or f"The export is {export.status}. Start it again."}
