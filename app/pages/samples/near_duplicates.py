"""The part of the Samples page that has a worker look for samples that are nearly the same."""

from typing import Any

import gradio as gr

from app.pages.samples.drawing import round_of
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.markup import markup
from backend.services.samples import near_duplicates, round_jobs
from backend.services.samples.near_duplicates import NearDuplicateSearch
from backend.translations import N_
from backend.values import JSON, JobStatus

POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
STATE = """
<p class="rondo-muted" role="status">{{value.text}}
{{#if value.job}} <a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/if}}</p>
"""
NEVER = (
    "Samples of this round that share at least 80 % of their word triples, and all numbers, are marked; the filter "
    "Near-duplicates lists them, or the first of each."
)


def build(asked_for: gr.State) -> None:
    """Lay the part out and wire it."""
    with gr.Accordion(N_("Near-duplicates"), open=False, elem_id="samples-duplicates-part") as part:
        state = markup(STATE, "a { color: var(--rondo-accent); }", value={"text": NEVER}, elem_id="samples-alike")
        with gr.Row(elem_classes="rondo-toolbar rondo-needs-curator"):
            go = buttons.secondary(N_("Look for near-duplicates"), elem_id="samples-alike-go")
    timer = gr.Timer(POLL_SECONDS, active=False)
    part.expand(follow, [asked_for], [state, timer], **QUIET)
    go.click(start, [asked_for], [state, timer], **PRIVATE)
    timer.tick(follow, [asked_for], [state, timer], **QUIET)


@toasts
def start(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Have a worker look."""
    actor, round_id = context(request).actor, round_of(asked_for.value)
    round_jobs.start(actor, round_id, near_duplicates.WORK)
    return drawn(near_duplicates.newest(actor, round_id))


@toasts
def follow(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """How far the last look is."""
    actor = context(request).actor
    query = asked_for.value
    return drawn(near_duplicates.newest(actor, round_of(query)) if query.get("round") else None)


def drawn(search: NearDuplicateSearch | None) -> list[Any]:
    """What is said of a look, and whether to ask again."""
    return [state_value(search), gr.Timer(active=search is not None and not search.is_over)]


def state_value(search: NearDuplicateSearch | None) -> JSON:
    """What is said of a look."""
    if search is None:
        return {"text": NEVER}
    if search.status is JobStatus.done:
        left = f" {search.num_left:,} more were not compared." if search.num_left else ""
        marked, sets = f"{search.num_marked:,} of {search.done:,} samples", f"{search.num_sets:,} near-duplicate sets"
        text = f"{marked} are in {sets}."
        return {"text": f"{text}{left} Samples that came since are not marked."}
    texts = {
        JobStatus.queued: "The look waits for a worker:",
        JobStatus.failed: f"It failed. {search.error}",
        JobStatus.cancelled: "It was cancelled:",
    }
    text = texts.get(search.status, f"{search.done:,} of {search.total:,} are compared:")
    return {"text": text, "job": search.job_id}
