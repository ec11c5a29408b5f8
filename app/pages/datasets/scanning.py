"""The tab Scan: what the rows hold that should not leave, what of it is fine, and what is looked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from app import uploads
from app.pages.datasets import scan_form
from app.pages.datasets.pushing import chosen_in
from app.pages.prompts.importing import table
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.markup import Markup, markup
from app.widgets.table import Table, row_number
from backend.errors import InvalidInput
from backend.scanning import FindingKind
from backend.scanning.references import SHORTEST, SHORTEST_ANSWER
from backend.services.access import Actor
from backend.services.datasets import scans
from backend.services.datasets.scan_rows import MOST_REFERENCES
from backend.services.datasets.scans import DatasetScan, ScanHit
from backend.translations import N_, gettext, ngettext
from backend.values import JobStatus

POLL_SECONDS = 1.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
COLUMNS = ["#", N_("Row"), N_("What"), N_("Where"), N_("Around it, masked"), N_("Fine")]
STATE = """
{{#if value}}<div role="status" class="{{#if value.is_bad}}rondo-problem{{else}}rondo-card{{/if}}">
<div>{{value.text}}{{#if value.job}} <a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/if}}</div>
{{#each value.lines}}<div>{{this}}</div>{{/each}}</div>
{{else}}<p class="rondo-muted"><b>Not scanned yet.</b> A scan looks through every row for e-mail addresses, phone, card
and account numbers, IP addresses, credentials, names of a list, and held-out texts.</p>{{/if}}
"""

CHOSEN = """{{#if value}}<p role="status">{{value}}</p>{{/if}}"""


def build(page_state: gr.State, kept: gr.JSON) -> Markup:
    """Lay out the tab and wire it; return what changes with each scan. seen: the dataset that is shown; kept: changes
    with it."""
    timer, place, chosen = gr.Timer(POLL_SECONDS, active=False), gr.State({}), gr.State(0)
    state = markup(STATE, "a { color: var(--rondo-accent); }", elem_id="scan-state")
    with gr.Row(elem_classes="rondo-toolbar rondo-needs-curator"):
        go = buttons.secondary(N_("Scan the rows"), elem_id="scan-go")
    with gr.Accordion(N_("Compare with a file, too"), open=False, elem_classes="rondo-needs-curator"):
        upload = gr.File(
            label=N_("Texts that the rows must not hold (.txt, .jsonl)"),
            file_types=[".txt", ".jsonl"],
            type="filepath",
            elem_id="scan-reference",
        )
    hits = table(COLUMNS, N_("What was found"), "scan-hits", widths=[7, 8, 20, 12, 43, 10], visible=False)
    with gr.Row(elem_classes="rondo-toolbar"):
        more = buttons.secondary(N_("Next page"), visible=False, elem_id="scan-next")
    about = markup(CHOSEN, elem_id="scan-chosen")
    with gr.Group(visible=False, elem_id="scan-marking", elem_classes="rondo-needs-curator") as marking:
        reason = gr.Textbox(label=N_("Why it may leave"), max_length=scans.MOST_REASON, elem_id="scan-reason")
        with gr.Row(elem_classes="rondo-toolbar"):
            fine = buttons.secondary(N_("Mark as fine"), elem_id="scan-fine")
            unfine = buttons.secondary(N_("Not fine after all"), elem_id="scan-unfine")
    shown = [state, hits, more, place, marking, about, timer]
    kept.change(show, [page_state], shown, **QUIET)
    go.click(start, [page_state, upload], shown, **PRIVATE)
    timer.tick(show, [page_state], shown, **QUIET)
    more.click(to_next, [page_state, place], shown, **QUIET)
    hits.select(choose, [page_state], [chosen, marking, about], **QUIET)
    fine.click(mark_fine, [page_state, place, chosen, reason], shown, **PRIVATE)
    unfine.click(mark_unfine, [page_state, place, chosen, reason], shown, **PRIVATE)
    scan_form.build()
    return state


@toasts
def show(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """The last scan of the chosen dataset, and its first findings."""
    return drawn(context(request).actor, page_state, None)


@toasts
def start(page_state: dict[str, Any], upload: str | None, request: gr.Request) -> list[Any]:
    """Have a worker look through the rows."""
    here = context(request)
    given = Path(uploads.require_own(here.session_id, upload)) if upload else None
    scans.start(here.actor, chosen_in(page_state), reference=given)
    return drawn(here.actor, page_state, None)


@toasts
def to_next(page_state: dict[str, Any], place: dict[str, Any], request: gr.Request) -> list[Any]:
    """On to the next findings."""
    return drawn(context(request).actor, page_state, place.get("next"))


@toasts
def choose(page_state: dict[str, Any], event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Say of the finding that was clicked whether it is fine, and offer to mark it."""
    number = row_number(event)
    return [number, gr.Group(visible=True), said_of(context(request).actor, page_state, number)]


@toasts
def mark_fine(
    page_state: dict[str, Any], place: dict[str, Any], chosen: int, reason: str, request: gr.Request
) -> list[Any]:
    """Let the chosen value leave."""
    return _marked(context(request).actor, page_state, place, chosen, reason, is_fine=True)


@toasts
def mark_unfine(
    page_state: dict[str, Any], place: dict[str, Any], chosen: int, reason: str, request: gr.Request
) -> list[Any]:
    """Take that back."""
    return _marked(context(request).actor, page_state, place, chosen, reason, is_fine=False)


def _marked(
    actor: Actor, page_state: dict[str, Any], place: dict[str, Any], chosen: int, reason: str, *, is_fine: bool
) -> list[Any]:
    if not chosen:
        raise InvalidInput("No finding is chosen. Click one in the table.")
    if not scans.mark(actor, chosen, is_fine=is_fine, reason=reason or ""):
        notice(
            gettext("It was marked as fine before; that reason stays.")
            if is_fine
            else gettext("It was not marked as fine.")
        )
    elif is_fine:
        notice(gettext("Marked as fine: this value may leave, in all datasets of the project."))
    else:
        notice(gettext("Not fine any more: this value counts as a finding again, in all datasets of the project."))
    return drawn(actor, page_state, place.get("at"))


def drawn(actor: Actor, page_state: dict[str, Any], cursor: int | None) -> list[Any]:
    """The last scan and a page of its findings; and whether to look again."""
    scan = scans.newest(actor, chosen_in(page_state)) if page_state.get("dataset") else None
    empty: list[list[str]] = []
    if scan is None or scan.finished_at is None:
        hidden = [Table(empty, visible=False), gr.Button(visible=False), {}, gr.Group(visible=False), None]
        return [state_value(scan), *hidden, gr.Timer(active=scan is not None and not scan.is_over)]
    page = scans.hits(actor, scan.id, cursor=cursor)
    return [
        state_value(scan),
        Table([hit_row(hit) for hit in page.hits], visible=bool(page.hits)),
        gr.Button(visible=page.next is not None),
        {"at": cursor, "next": page.next},
        gr.Group(visible=False),
        None,
        gr.Timer(active=False),
    ]


def state_value(scan: DatasetScan | None) -> dict[str, Any] | None:
    """What is said of a scan; None before the first."""
    if scan is None:
        return None
    if scan.finished_at is None:
        is_bad = scan.status is JobStatus.failed
        if scan.job_id is None:
            text = (
                gettext("The last scan was broken off. Scan again.")
                if is_bad
                else gettext("The rows are being looked through.")
            )
            return {"text": text, "is_bad": is_bad}
        going_on = gettext("{number} of {whole} rows are looked through:")
        going_on = going_on.format(number=f"{scan.done:,}", whole=f"{scan.total:,}")
        texts = {
            JobStatus.queued: gettext("The scan waits for a worker:"),
            JobStatus.cancelled: gettext("The scan was cancelled:"),
        }
        text = texts.get(scan.status, going_on)
        return {
            "text": gettext("It failed. {error}").format(error=scan.error) if is_bad else text,
            "job": scan.job_id,
            "is_bad": is_bad,
        }
    lines = [gettext("Compared with {name}, too.").format(name=scan.reference)] if scan.reference else []
    fine = {kind: count - scan.rows_open.get(kind, 0) for kind, count in scan.rows_with.items()}
    if kinds := kinds_said({kind: count for kind, count in fine.items() if count}):
        lines.append(gettext("All marked as fine in these: {kinds}.").format(kinds=kinds))
    lines += uncompared(scan)
    if not scan.is_current:
        lines.append(
            gettext("Out of date: something else is looked for since, or other prompts are held out. Scan again.")
        )
    looked = ngettext("{number} row was looked through.", "{number} rows were looked through.", scan.num_rows)
    came = gettext("Nothing was found.")
    if scan.rows_open:
        came = gettext("Found: {kinds}.").format(kinds=kinds_said(scan.rows_open))
    elif scan.rows_with:
        came = gettext("Nothing is open: all that was found is marked as fine.")
    text = f"{looked.format(number=f'{scan.num_rows:,}')} {came}"
    return {"text": text, "lines": lines, "is_bad": bool(scan.rows_open)}


def kinds_said(rows_with: Mapping[Any, int]) -> str:
    """`e-mail address: 3 rows`, for each kind; empty for none."""
    counted = [(FindingKind(kind), count) for kind, count in rows_with.items()]
    return "; ".join(
        ngettext("{kind}: {number} row", "{kind}: {number} rows", count).format(
            kind=gettext(kind.in_words), number=f"{count:,}"
        )
        for kind, count in counted
    )


def uncompared(scan: DatasetScan) -> list[str]:
    """How many texts no row was compared with, of how many, and why."""
    if not scan.num_uncompared:
        return []
    beyond, left = min(scan.num_beyond, scan.num_uncompared), scan.num_uncompared
    short = ngettext(
        "{number} is too short to be looked for (a prompt takes {words} words, an answer {answer})",
        "{number} are too short to be looked for (a prompt takes {words} words, an answer {answer})",
        left - beyond,
    )
    short = short.format(number=f"{left - beyond:,}", words=SHORTEST, answer=SHORTEST_ANSWER)
    more = ngettext(
        "{number} is a prompt beyond the first {most}", "{number} are prompts beyond the first {most}", beyond
    )
    more = more.format(number=f"{beyond:,}", most=f"{MOST_REFERENCES:,}")
    why = "; ".join([*([short] if left > beyond else []), *([more] if beyond else [])])
    text = ngettext(
        "{number} of the held-out prompts and answers was not compared: {why}.",
        "{number} of the held-out prompts and answers were not compared: {why}.",
        left,
    )
    if scan.reference:
        text = ngettext(
            "{number} of the held-out prompts and answers and texts of {name} was not compared: {why}.",
            "{number} of the held-out prompts and answers and texts of {name} were not compared: {why}.",
            left,
        )
    elif scan.is_current:
        text = ngettext(
            "{number} of the {whole} held-out prompts and answers was not compared: {why}.",
            "{number} of the {whole} held-out prompts and answers were not compared: {why}.",
            left,
        )
    whole = f"{scan.num_held_out:,}"
    return [text.format(number=f"{left:,}", whole=whole, name=scan.reference, why=why)]


def said_of(actor: Actor, page_state: dict[str, Any], number: int) -> str:
    """Who said of a finding that it is fine, and why."""
    scan = scans.newest(actor, chosen_in(page_state))
    hits = scans.hits(actor, scan.id, cursor=number - 1, limit=1).hits if scan is not None else ()
    if not hits or hits[0].id != number:
        raise InvalidInput("This finding is of a scan before the last one. Click one in the table.")
    hit = hits[0]
    text = gettext("Row {number}, {kind}: nobody marked it as fine.")
    if hit.is_fine:
        text = gettext("Row {number}, {kind}: marked as fine by {person}: {reason}")
    person = hit.fine_by or gettext("somebody whose account is deleted")
    kind = gettext(hit.kind.in_words)
    return text.format(number=hit.position, kind=kind, person=person, reason=hit.fine_reason)


def hit_row(hit: ScanHit) -> list[str]:
    """One finding as the table shows it."""
    fine = gettext("fine") if hit.is_fine else ""
    return [str(hit.id), str(hit.position), gettext(hit.kind.in_words), hit.place, hit.snippet, fine]
