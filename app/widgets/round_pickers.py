"""The filters whose choices depend on the round: who decided, wrote and judged, and the step."""

from collections.abc import Sequence

import gradio as gr

from app.widgets.context import Context
from app.widgets.form_fields import FormField
from backend.services.samples import filter_choices
from backend.services.samples.filter_choices import FilterChoices, NamedId
from backend.services.samples.text_steps import TextStep
from backend.translations import N_, gettext
from backend.values import JSON

LABELS = {
    "reviewer": N_("Decided by"),
    "checkpoint": N_("Written by"),
    "judge": N_("Judge"),
    "judged_by": N_("Judged by checkpoint"),
}
IDS = ("reviewer", "checkpoint", "judged_by")
PICKED = ("reviewer", "checkpoint", "judge", "judged_by")
"""What of the bar is picked from a list of the round's, before the step."""
NUM_PICKED = len(PICKED) + 1
"""So many fields at the end of the bar depend on the round."""
ANY = (N_("All"), "")
EVERY_STEP = (N_("All"), "")


def build(name: str) -> dict[str, FormField]:
    """Lay the fields out, behind "More filters"; they are shown where a round has something to choose."""
    return {
        field: gr.Dropdown(
            [ANY], value="", label=label, filterable=False, visible=False, min_width=140, elem_id=f"{name}-{field}"
        )
        for field, label in LABELS.items()
    }


def pickers(here: Context, steps: Sequence[TextStep], query: JSON) -> list[gr.Dropdown]:
    """The fields for a round, each with its choices and what is asked; the step last."""
    known = FilterChoices()
    if query.get("round"):
        known = filter_choices.read(here.actor, query["round"], with_tags=False)
    choices: dict[str, tuple[list[tuple[str, str | int]], int]] = {
        "reviewer": (_of_rows(known.reviewers), 1),
        "checkpoint": (_of_rows(known.checkpoints), 2),
        "judge": ([(judge, judge) for judge in known.judges], 2),
        "judged_by": (_of_rows(known.judging_checkpoints), 2),
    }
    return [*(_picker(query.get(field, ""), *choices[field]) for field in PICKED), step_picker(steps, query)]


def step_picker(steps: Sequence[TextStep], query: JSON) -> gr.Dropdown:
    """The picker of a round's steps; hidden where all texts are one step's."""
    choices = [(gettext(EVERY_STEP[0]), EVERY_STEP[1]), *((str(step), str(step.step)) for step in steps)]
    return gr.Dropdown(choices=choices, value=query.get("step", ""), visible=len(steps) > 1)


def _picker(value: str | int, choices: list[tuple[str, str | int]], least: int) -> gr.Dropdown:
    """What an address asks for stands in it, also where the round does not have it."""
    is_missing = value not in ("", *(choice for _, choice in choices))
    missing = gettext("{name} (not in this round)").format(name=value)
    every = [(gettext(ANY[0]), ANY[1]), *choices, *([(missing, value)] if is_missing else [])]
    return gr.Dropdown(choices=every, value=value, visible=len(choices) >= least or value != "")


def _of_rows(rows: Sequence[NamedId]) -> list[tuple[str, str | int]]:
    names = [row.name for row in rows]
    text = gettext("{name} (number {number})")
    return [
        (row.name if names.count(row.name) == 1 else text.format(name=row.name, number=row.id), row.id) for row in rows
    ]
