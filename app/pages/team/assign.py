"""Team page: giving items to people."""

from typing import Any

import gradio as gr

from app.pages.team import templates
from app.pages.team.gold import numbers
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.number import Number
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.round_choice import known, needed
from app.widgets.sample_choices import SOURCES, VERDICTS
from backend.errors import InvalidInput
from backend.services.people import accounts
from backend.services.queue import assignments
from backend.services.samples import Filters
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, Role

COLUMNS = [N_("Person"), N_("Items"), N_("Decided"), N_("Still left")]
HELP = N_(
    "An assigned item is in its person's queue and in nobody else's until that person has decided or skipped it; then "
    "the reviewers it still lacks may be anybody. Without an assignment an item goes to whoever comes first."
)
FIELDS = {
    "person": "assign-person",
    "samples": "assign-samples",
    "text": "assign-text",
    "min_score": "assign-low",
    "max_score": "assign-high",
}
"""The fields by what a refusal calls them."""
NAMES = ("samples", "text", "prompt", "verdict", "source", "low", "high")


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    markup(templates.NOTE, templates.NOTE_CSS, value=[HELP])
    with list_detail.side_by_side():
        with list_detail.listed():
            table = plain_table("assign-table")
        with list_detail.detail():
            with gr.Row(equal_height=True):
                person = gr.Dropdown([], label=N_("Assign to"), filterable=False, elem_id="assign-person")
                samples = gr.Textbox(
                    label=N_("Samples"),
                    info=N_("Numbers and ranges (300-305); empty: what the filters find."),
                    elem_id="assign-samples",
                )
            with gr.Row(equal_height=True):
                text = gr.Textbox(label=N_("Search in samples"), elem_id="assign-text")
                prompt = gr.Textbox(label=N_("Search in prompts"))
                verdict = gr.Dropdown(VERDICTS, value=[], multiselect=True, label=N_("Verdict"))
                source = gr.Dropdown(SOURCES, value=[], multiselect=True, label=N_("Label by"))
                low = Number(None, label=N_("Score from"), elem_id="assign-low")
                high = Number(None, label=N_("Score to"), elem_id="assign-high")
            with gr.Row(elem_classes="rondo-toolbar"):
                look = buttons.secondary(N_("Count"), elem_id="assign-count")
                give = buttons.primary(N_("Assign"), elem_id="assign-give")
                take = buttons.secondary(N_("Take all from this person"), elem_id="assign-take")
                status = markup(templates.NOTE, templates.NOTE_CSS, value=[], elem_id="assign-said")
            refused = problem("assign-problem")

    fields = [samples, text, prompt, verdict, source, low, high]
    tab.select(show, chosen, [person, table, status, low, high, refused], **private)
    chosen.input(show, chosen, [person, table, status, low, high, refused], **private)
    look.click(count, [chosen, *fields], [status, refused], **private)
    give.click(assign, [chosen, person, *fields], [table, status, refused], **private)
    take.click(take_back, [chosen, person], [table, status, refused], **private)


@toasts
@refused_beside(5, clears=False)
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Fill the tab for the chosen round."""
    here, round_id = context(request), known(round_id, request)
    people = accounts.list_people(here.actor, here.project_id)
    able = [(person.name, person.user_id) for person in people if person.role.rank >= Role.reviewer.rank]
    return [gr.update(choices=able, value=None), _rows(here, round_id), [], None, None]


@toasts
@refused_beside(1, FIELDS)
def count(request: gr.Request, round_id: int | None, *fields: Any) -> list[Any]:
    """Say how many items that would be."""
    number = assignments.count(context(request).actor, needed(round_id), **which(fields))
    return [[ngettext("{number} item.", "{number} items.", number).format(number=f"{number:,}")]]


@toasts
@refused_beside(2, FIELDS)
def assign(request: gr.Request, round_id: int | None, user_id: int | None, *fields: Any) -> list[Any]:
    """Give the items."""
    here = context(request)
    number = assignments.assign(here.actor, needed(round_id), _person(user_id), **which(fields))
    notice(ngettext("{number} item is assigned.", "{number} items are assigned.", number).format(number=f"{number:,}"))
    return [_rows(here, round_id), []]


@toasts
@refused_beside(2, FIELDS)
def take_back(round_id: int | None, user_id: int | None, request: gr.Request) -> list[Any]:
    """Take everything from a person that they have not decided, and what they have."""
    here = context(request)
    number = assignments.unassign(here.actor, needed(round_id), _person(user_id))
    notice(
        ngettext(
            "{number} item is nobody's now. What was decided stays.",
            "{number} items are nobody's now. What was decided stays.",
            number,
        ).format(number=f"{number:,}")
    )
    return [_rows(here, round_id), []]


def which(fields: tuple[Any, ...]) -> JSON:
    """Samples by number, or a filter."""
    given = dict(zip(NAMES, fields, strict=True))
    if (given["samples"] or "").strip():
        return {"sample_ids": numbers(given["samples"])}
    return {
        "filters": Filters(
            text=given["text"] or "",
            prompt=given["prompt"] or "",
            verdict=tuple(given["verdict"] or ()),
            source=tuple(given["source"] or ()),
            kind=("completion", "other"),
            min_score=given["low"],
            max_score=given["high"],
        )
    }


def _person(user_id: int | None) -> int:
    if not user_id:
        raise InvalidInput("Nobody is chosen. Choose a person.", field="person")
    return int(user_id)


def _rows(here: Context, round_id: int | None) -> dict[str, Any]:
    assigned = assignments.list_assigned(here.actor, int(round_id)) if round_id is not None else []
    rows = [
        [
            assignment.who,
            f"{assignment.number:,}",
            f"{assignment.decided:,}",
            f"{assignment.number - assignment.decided:,}",
        ]
        for assignment in assigned
    ]
    return rows_of(
        [gettext(name) for name in COLUMNS],
        rows,
        label=gettext("Assigned"),
        none=gettext("Nothing is assigned: every item goes to whoever comes first."),
    )
