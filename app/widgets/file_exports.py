"""The part of a page that follows an export by a worker: how far it is, the link to its file, and what stops it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.toasts import toasts
from app.widgets.context import Context, context
from app.widgets.markup import Markup, markup
from app.widgets.times import moment
from backend.errors import Conflict, NotFound
from backend.services.file_jobs.exports import ExportService, FileExport
from backend.translations import gettext
from backend.values import JSON, JobStatus

POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
TEMPLATE = """
{{#if value.text}}<p class="rondo-muted" role="status">{{value.text}}</p>{{/if}}
{{#if value.lines}}<ul>{{#each value.lines}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
{{#if value.error}}<p class="rondo-bad" role="alert">{{value.error}}</p>{{/if}}
{{#if value.link}}<a class="rondo-primary" href="{{value.link}}" download="{{value.name}}">Download {{value.name}}</a>
{{/if}}
"""
CSS = "a { display: inline-block; text-decoration: none; } .rondo-bad { color: var(--rondo-bad); }"


@dataclass(frozen=True)
class ExportTexts:
    """What a page says of its exports, in English as the catalogue has it.

    written: for a number of rows, with `{number}` and `{when}`. under_way: with `{number}` and `{whole}`. address: of
    the REST routes.
    """

    written: Callable[[int], str]
    waits: str
    under_way: str
    address: str


@dataclass(frozen=True)
class ExportPart:
    """`lines`: what is told of a written file beside its link."""

    service: ExportService
    texts: ExportTexts
    lines: Callable[[Any], Sequence[str]] = lambda export: ()

    def build(self, stop: gr.Button, elem_id: str) -> list[Any]:
        """Lay the part out, wire the button that stops the job, and return what `drawn` fills."""
        shown: Markup = markup(TEMPLATE, CSS, elem_id=elem_id)
        job, timer = gr.State(0), gr.Timer(POLL_SECONDS, active=False)
        filled = [shown, job, timer, stop]
        stop.click(toasts(self.cancel), job, filled, **QUIET)
        timer.tick(toasts(self.follow), job, filled, **QUIET)
        return filled

    def cancel(self, job_id: int, request: gr.Request) -> list[Any]:
        """Stop the job."""
        here = context(request)
        self.service.cancel(here.actor, job_id)
        return self.drawn_job(here, job_id)

    def follow(self, job_id: int, request: gr.Request) -> list[Any]:
        """How far the job is."""
        try:
            return self.drawn_job(context(request), job_id) if job_id else self.drawn(None)
        except (NotFound, Conflict):  # nothing is left to follow, so the timer stops
            return self.drawn(None)

    def drawn_job(self, here: Context, job_id: int) -> list[Any]:
        """As `drawn`, of this job."""
        return self.drawn(self.service.get(here.actor, job_id))

    def drawn(self, export: FileExport | None) -> list[Any]:
        """What is shown of a job, its number, whether to look again, and whether it can be stopped."""
        if export is None:
            return [{}, 0, gr.Timer(active=False), gr.Button(visible=False)]
        goes_on = not export.is_over
        return [self.card(export), export.job_id, gr.Timer(active=goes_on), gr.Button(visible=goes_on)]

    def card(self, export: FileExport) -> JSON:
        """What is told of a job, with its link."""
        if export.is_ready and export.expires_at is not None:
            num_rows = export.num_rows or 0
            numbers = {"number": f"{num_rows:,}", "when": moment(export.expires_at)}
            return {
                "text": self.texts.written(num_rows).format(**numbers),
                "lines": list(self.lines(export)),
                "name": export.name,
                "link": f"{self.texts.address}/{export.job_id}/file",
            }
        if export.status is JobStatus.queued:
            return {"text": gettext(self.texts.waits)}
        if not export.is_over:
            numbers = {"number": f"{export.done:,}", "whole": f"{export.total:,}"}
            return {"text": gettext(self.texts.under_way).format(**numbers)}
        if export.status is JobStatus.cancelled:
            return {"text": gettext("The export is cancelled.")}
        return {"error": export.error or f"The export is {export.status}. Start it again."}
