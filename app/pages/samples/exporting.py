"""The part of the Samples page that takes along what the filter finds: at once, or by a job for very many."""

from typing import Any

import gradio as gr

from app.pages.samples.drawing import round_of
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.file_exports import PRIVATE, QUIET, ExportPart, ExportTexts
from app.widgets.sample_addresses import rest_query
from app.widgets.sample_filters import read_filters
from app.widgets.sample_orders import read_sort
from backend.errors import NotFound
from backend.row_files import Format
from backend.services.samples import export_jobs, exports
from backend.services.samples.export_ids import TooSlow
from backend.services.samples.exports import ExportRequest
from backend.translations import N_, gettext, ngettext

FORMATS = [(N_("JSONL"), "jsonl"), (N_("Parquet"), "parquet"), (N_("CSV"), "csv")]
SAMPLES = ExportPart(
    export_jobs,
    ExportTexts(
        written=lambda number: ngettext(
            "{number} sample is written. The file stays until {when}.",
            "{number} samples are written. The file stays until {when}.",
            number,
        ),
        waits=N_("So many samples are written in the background: the job waits for a worker. You may leave."),
        under_way=N_("{number} of {whole} samples are written. You may leave the page."),
        address="/api/v1/sample-exports",
    ),
)
# Fetched here, since a link that is followed says nothing of a refusal.
TAKE = """async (told, shown) => {
  if (!told || !told.takes) return shown;
  try {
    const answer = await fetch(told.takes);
    if (!answer.ok) {
      const refusal = await answer.json().catch(() => null);
      return {error: refusal?.error?.message || `The server answered ${answer.status}. Try again.`};
    }
    const rows = Number(answer.headers.get("X-Rows")), url = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = told.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    return {text: rows === 1 ? told.one : told.several.replace("{number}", () => rows.toLocaleString("en"))};
  } catch {
    return {error: "The file did not arrive whole. Look at the connection and try again."};
  }
}"""


def build(asked_for: gr.State) -> None:
    """Lay the part out and wire it."""
    with gr.Accordion(N_("Take along what the filter finds"), open=False, elem_id="samples-export") as part:
        with gr.Row(elem_classes="rondo-toolbar"):
            format = gr.Radio(
                FORMATS,
                value="jsonl",
                label=N_("Format"),
                info=N_("With judgments, decisions, and where each comes from."),
                elem_id="samples-export-format",
            )
            start = buttons.secondary(N_("Export what is filtered"), elem_id="samples-export-start")
            stop = buttons.stop(N_("Cancel this export"), visible=False, elem_id="samples-export-cancel")
        shown = SAMPLES.build(stop, "samples-export-status")
    told = gr.JSON({}, visible="hidden")
    begun = start.click(export, [asked_for, format], [told, *shown], **PRIVATE)
    begun.success(None, [told, shown[0]], [shown[0]], js=TAKE, api_visibility="private")
    part.expand(newest, None, shown, **QUIET)


@toasts
def export(asked_for: CurrentChoice, format: Format, request: gr.Request) -> list[Any]:
    """Let the browser take the file, or start a job for more than are written at once."""
    here, query = context(request), asked_for.value
    wanted = ExportRequest((round_of(query),), read_filters(query), read_sort(query), format)
    if not fits(here, wanted):
        return [{}, *SAMPLES.drawn_job(here, export_jobs.start(here.actor, here.project_id, wanted))]
    name = exports.name_of(here.actor, here.project_id, wanted)
    takes = {
        "takes": address(here.project_id, wanted),
        "name": name,
        "one": gettext("One sample is in {name}.").format(name=name),
        "several": gettext("{number} samples are in {name}.").format(name=name, number="{number}"),
    }
    return [takes, {"text": gettext("{name} is being written.").format(name=name)}, *SAMPLES.drawn(None)[1:]]


def fits(here: Context, wanted: ExportRequest) -> bool:
    """Whether it is written while one waits; raises `NotFound` where the filter finds nothing."""
    try:
        number = exports.count(here.actor, here.project_id, wanted)
    except TooSlow:
        return False
    if not number:
        raise NotFound("No sample passes these filters, so there is nothing to export. Clear one of them.")
    return number <= exports.AT_ONCE


@toasts
def newest(request: gr.Request) -> list[Any]:
    """The last export in the background, if its file is still there."""
    here = context(request)
    return SAMPLES.drawn(export_jobs.newest(here.actor, here.project_id))


def address(project_id: int, wanted: ExportRequest) -> str:
    """The route that answers with the file."""
    query = rest_query(wanted.filters, wanted.sort, {"round": wanted.round_ids, "format": wanted.format})
    return f"/api/v1/projects/{project_id}/samples/export?{query}"
