"""Team page: gold items, whose right label is known; reviewers meet them and are not told."""

import re
from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.round_choice import known, needed
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services.queue import gold
from backend.services.queue.gold import Gold
from backend.translations import N_, gettext, ngettext
from backend.values import Verdict

COLUMNS = [
    N_("Sample"),
    N_("Right label"),
    N_("The judge says"),
    N_("Met by"),
    N_("Reason"),
    N_("Marked by"),
    N_("Text"),
]
HELP = N_(
    "A gold item is any item to reviewers: as many decide on it as on others. What they say of it measures them; "
    "training reads the label that you give here. Mark samples nobody has decided yet."
)
FIELDS = {"samples": "gold-samples", "reason": "gold-reason"}
"""The fields by what a refusal calls them."""
SHOWN_TEXT = 300
MAX_NUMBERS = 10_000
NUMBER = re.compile(r"[0-9]{1,18}")
EXAMPLE = "Write numbers and ranges such as 12, 15, 300-305."


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    markup(templates.NOTE, templates.NOTE_CSS, value=[HELP])
    with list_detail.side_by_side():
        with list_detail.listed():
            table = plain_table("gold-table")
        with list_detail.detail():
            with gr.Row(equal_height=True):
                samples = gr.Textbox(
                    label=N_("Samples"),
                    info=N_("Numbers as the Samples page shows them, or ranges: 300-305."),
                    elem_id="gold-samples",
                )
                verdict = gr.Radio(
                    [(N_("Accept"), "accept"), (N_("Reject"), "reject")], value="accept", label=N_("Right label")
                )
                reason = gr.Textbox(
                    label=N_("Reason"), info=N_("Why this is right, for colleagues."), elem_id="gold-reason"
                )
            with gr.Row(elem_classes="rondo-toolbar"):
                mark = buttons.primary(N_("Mark as gold"), elem_id="gold-mark")
                unmark = buttons.secondary(N_("Make ordinary again"), elem_id="gold-unmark")
            refused = problem("gold-problem")

    tab.select(show, chosen, [table, refused], **private)
    chosen.input(show, chosen, [table, refused], **private)
    shown = [table, samples, refused]
    mark.click(mark_gold, [chosen, samples, verdict, reason], shown, **private)
    unmark.click(unmark_gold, [chosen, samples], shown, **private)


@toasts
@refused_beside(1, clears=False)
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """List the chosen round's gold items."""
    return [_rows(context(request), known(round_id, request))]


@toasts
@refused_beside(2, FIELDS)
def mark_gold(round_id: int | None, samples: str, verdict: str, reason: str, request: gr.Request) -> list[Any]:
    """Give samples a known label."""
    here = context(request)
    number = gold.mark(here.actor, needed(round_id), numbers(samples), Verdict(verdict), reason=reason)
    notice(
        ngettext("{number} sample is a gold item now.", "{number} samples are gold items now.", number).format(
            number=f"{number:,}"
        )
    )
    return [_rows(here, round_id), ""]


@toasts
@refused_beside(2, FIELDS)
def unmark_gold(round_id: int | None, samples: str, request: gr.Request) -> list[Any]:
    """Take the known label away."""
    here = context(request)
    number = gold.unmark(here.actor, needed(round_id), numbers(samples))
    notice(
        ngettext("{number} sample is ordinary again.", "{number} samples are ordinary again.", number).format(
            number=f"{number:,}"
        )
    )
    return [_rows(here, round_id), ""]


def numbers(text: str) -> list[int]:
    """`12, 15 300-305` as numbers, each once; raises `InvalidInput` naming the wrong one."""
    numbers_: dict[int, None] = {}
    for part in re.sub(r"\s*[-–]\s*", "-", text).replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not NUMBER.fullmatch(first) or (dash and not NUMBER.fullmatch(last)):
            raise InvalidInput(f"{part!r} is no sample's number. {EXAMPLE}", field="samples")
        low, high = int(first), int(last or first)
        if high < low:
            raise InvalidInput(f"The range {part} runs backwards. Write it as {high}-{low}.", field="samples")
        if len(numbers_) + high - low >= MAX_NUMBERS:
            raise InvalidInput(f"That are more than {MAX_NUMBERS:,} numbers. Give fewer at a time.", field="samples")
        numbers_ |= dict.fromkeys(range(low, high + 1))
    if not numbers_:
        raise InvalidInput(f"No sample is named. {EXAMPLE}", field="samples")
    return list(numbers_)


def _rows(here: Context, round_id: int | None) -> dict[str, Any]:
    items = [] if round_id is None else gold.list_gold(here.actor, int(round_id))
    return rows_of(
        [gettext(name) for name in COLUMNS],
        [table_row(item) for item in items],
        label=gettext("Gold items"),
        none=gettext("No sample is marked yet."),
    )


def table_row(gold: Gold) -> list[str]:
    text = gold.text if len(gold.text) <= SHOWN_TEXT else f"{gold.text[:SHOWN_TEXT]}…"
    return [
        str(gold.sample_id),
        word(gold.verdict),
        word(gold.machine_verdict) or gettext("nothing"),
        str(gold.met),
        gold.reason,
        gold.who or "",
        text,
    ]
