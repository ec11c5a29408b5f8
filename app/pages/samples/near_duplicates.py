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
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
STATE = """
<p class="rondo-muted" role="status">{{value.text}}
{{#if value.job}} <a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/if}}</p>
"""
NEVER = N_(
    "Samples of this round that share at least 80% of their word triples, and all numbers, are marked; the filter "
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
        return {"text": gettext(NEVER)}
    if search.status is JobStatus.done:
        marked = ngettext(
            "{marked} of {samples} samples are in {number} near-duplicate set.",
            "{marked} of {samples} samples are in {number} near-duplicate sets.",
            search.num_sets or 0,
        )
        counts = {"marked": search.num_marked, "samples": search.done, "number": search.num_sets}
        parts = [marked.format(**{name: f"{count:,}" for name, count in counts.items()})]
        if search.num_left:
            left = ngettext("{number} more was not compared.", "{number} more were not compared.", search.num_left)
            parts.append(left.format(number=f"{search.num_left:,}"))
        return {"text": " ".join([*parts, gettext("Samples that came since are not marked.")])}
    going_on = gettext("{number} of {whole} are compared:")
    texts = {
        JobStatus.queued: gettext("The look waits for a worker:"),
        JobStatus.failed: gettext("It failed. {error}").format(error=search.error),
        JobStatus.cancelled: gettext("It was cancelled:"),
    }
    text = texts.get(search.status, going_on.format(number=f"{search.done:,}", whole=f"{search.total:,}"))
    return {"text": text, "job": search.job_id}
