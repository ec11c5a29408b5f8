"""The part of the tab Download that has a worker write the file, which a large dataset needs."""

from typing import Any

import gradio as gr

from app.pages.datasets.downloading import check_lines, tool_of
from app.pages.datasets.pushing import chosen_in
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.file_exports import QUIET, ExportPart, ExportTexts
from backend.errors import Conflict, NotFound
from backend.services.datasets import export_jobs
from backend.services.datasets.export_jobs import DatasetExportRequest
from backend.translations import N_, ngettext
from backend.values import JSON, DatasetType

DATASETS = ExportPart(
    export_jobs,
    ExportTexts(
        written=lambda number: ngettext(
            "{number} row is written. The file stays until {when}.",
            "{number} rows are written. The file stays until {when}.",
            number,
        ),
        waits=N_("The job waits for a worker. You may leave the page."),
        under_way=N_("{number} of {whole} rows are written. You may leave the page."),
        address="/api/v1/dataset-exports",
    ),
    check_lines,
)


def build(page_state: gr.State, asked: list[Any], kept: gr.JSON) -> None:
    """Lay the part out and wire it. `asked`: what a file is asked for by; `kept` changes with the chosen dataset."""
    with gr.Row(elem_classes="rondo-toolbar"):
        write = buttons.secondary(N_("Write the file in the background"), elem_id="export-write")
        stop = buttons.stop(N_("Cancel writing"), visible=False, elem_id="export-write-cancel")
    shown = DATASETS.build(stop, "export-written")
    write.click(start, [page_state, *asked], shown, **QUIET)
    kept.change(last_export, page_state, shown, **QUIET)


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
    here = context(request)
    chosen: Any = "parquet" if format == "parquet" else "jsonl"
    how = (DatasetType(type), bool(strict), bool(leave_out), tool_of(tool), handling or "", reason or "")
    job_id = export_jobs.start(here.actor, chosen_in(page_state), DatasetExportRequest(chosen, *how))
    return DATASETS.drawn_job(here, job_id)


@toasts
def last_export(page_state: JSON, request: gr.Request) -> list[Any]:
    """What was written last of the chosen dataset, if its file is still there."""
    if not page_state.get("dataset"):
        return DATASETS.drawn(None)
    try:
        return DATASETS.drawn(export_jobs.newest(context(request).actor, chosen_in(page_state)))
    except (NotFound, Conflict):  # what can be looked at may be away from who writes it
        return DATASETS.drawn(None)
