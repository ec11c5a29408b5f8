"""The part of the Samples page that takes along what the filter finds: at once, or by a job for very many."""

from typing import Any

import gradio as gr

from app.pages.samples.drawing import round_of
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.sample_addresses import rest_query
from app.widgets.sample_filters import read_filters
from app.widgets.sample_orders import read_sort
from app.widgets.times import moment
from backend.errors import NotFound
from backend.row_files import Format
from backend.services.samples import export_jobs, exports
from backend.services.samples.export_ids import TooSlow
from backend.services.samples.export_jobs import SampleExport
from backend.services.samples.exports import ExportRequest
from backend.translations import N_, gettext
from backend.values import JSON, JobStatus

POLL_SECONDS = 2.0
WAITS = N_("So many samples are written in the background: the job waits for a worker. You may leave.")
FORMATS = [(N_("JSONL"), "jsonl"), (N_("Parquet"), "parquet"), (N_("CSV"), "csv")]
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}

SHOWN = """
{{#if value.said}}<p class="rondo-muted" role="status">{{value.said}}</p>{{/if}}
{{#if value.error}}<p class="rondo-bad" role="alert">{{value.error}}</p>{{/if}}
{{#if value.link}}<a class="rondo-primary" href="{{value.link}}" download="{{value.name}}">Download {{value.name}}</a>
{{/if}}
"""
SHOWN_CSS = "a { display: inline-block; text-decoration: none; } .rondo-bad { color: var(--rondo-bad); }"
# Fetched here, since a link that is followed says nothing of a refusal.
TAKE = """async (told, shown) => {
  if (!told || !told.takes) return shown;
  try {
    const answer = await fetch(told.takes);
    if (!answer.ok) {
      const said = await answer.json().catch(() => null);
      return {error: said?.error?.message || `The server answered ${answer.status}. Try again.`};
    }
    const rows = Number(answer.headers.get("X-Rows")), url = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = told.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    return {said: rows === 1 ? told.one : told.several.replace("{number}", () => rows.toLocaleString("en"))};
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
        shown = markup(SHOWN, SHOWN_CSS, elem_id="samples-export-said")
    told, job, timer = gr.JSON({}, visible="hidden"), gr.State(0), gr.Timer(POLL_SECONDS, active=False)
    seen = [shown, job, timer, stop]
    begun = start.click(export, [asked_for, format], [told, *seen], **PRIVATE)
    begun.success(None, [told, shown], [shown], js=TAKE, api_visibility="private")
    stop.click(cancel, [job], seen, **PRIVATE)
    part.expand(last_one, None, seen, **QUIET)
    timer.tick(follow, [job], seen, **QUIET)


@toasts
def export(asked_for: CurrentChoice, format: Format, request: gr.Request) -> list[Any]:
    """Let the browser take the file, or start a job for more than are written at once."""
    here, query = context(request), asked_for.value
    wanted = ExportRequest((round_of(query),), read_filters(query), read_sort(query), format)
    if not fits(here, wanted):
        return [{}, *drawn(export_jobs.get(here.actor, export_jobs.start(here.actor, here.project_id, wanted)))]
    name = exports.name_of(here.actor, here.project_id, wanted)
    takes = {
        "takes": address(here.project_id, wanted),
        "name": name,
        "one": gettext("One sample is in {name}.").format(name=name),
        "several": gettext("{number} samples are in {name}.").format(name=name, number="{number}"),
    }
    return [
        takes,
        {"said": gettext("{name} is being written.").format(name=name)},
        0,
        gr.Timer(active=False),
        gr.Button(visible=False),
    ]


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
def cancel(job_id: int, request: gr.Request) -> list[Any]:
    """Stop the job."""
    actor = context(request).actor
    export_jobs.cancel(actor, job_id)
    return drawn(export_jobs.get(actor, job_id))


@toasts
def last_one(request: gr.Request) -> list[Any]:
    """The last export in the background, if its file is still there."""
    here = context(request)
    return drawn(export_jobs.newest(here.actor, here.project_id))


@toasts
def follow(job_id: int, request: gr.Request) -> list[Any]:
    """How far the job is."""
    return drawn(export_jobs.get(context(request).actor, job_id) if job_id else None)


def address(project_id: int, wanted: ExportRequest) -> str:
    """The route that answers with the file."""
    query = rest_query(wanted.filters, wanted.sort, {"round": wanted.round_ids, "format": wanted.format})
    return f"/api/v1/projects/{project_id}/samples/export?{query}"


def drawn(sample_export: SampleExport | None) -> list[Any]:
    """What is shown of a job, its number, whether to look again, and whether it can be stopped."""
    if sample_export is None:
        return [{}, 0, gr.Timer(active=False), gr.Button(visible=False)]
    goes_on = not sample_export.is_over
    return [card(sample_export), sample_export.job_id, gr.Timer(active=goes_on), gr.Button(visible=goes_on)]


def card(sample_export: SampleExport) -> JSON:
    """What is said of a job, with its link."""
    if sample_export.is_ready and sample_export.expires_at is not None:
        text = gettext("{number} samples are written. The file stays until {when}.").format(
            number=f"{sample_export.num_rows:,}", when=moment(sample_export.expires_at)
        )
        return {"said": text, "name": sample_export.name, "link": f"/api/v1/sample-exports/{sample_export.job_id}/file"}
    if sample_export.status is JobStatus.queued:
        return {"said": gettext(WAITS)}
    if not sample_export.is_over:
        return {
            "said": gettext("{number} of {whole} samples are written. You may leave the page.").format(
                number=f"{sample_export.done:,}", whole=f"{sample_export.total:,}"
            )
        }
    if sample_export.status is JobStatus.cancelled:
        return {"said": gettext("The export is cancelled.")}
    return {"error": sample_export.error or f"The export is {sample_export.status}. Start it again."}
