"""The first content of the pair builder: the round, its knobs and what they come to, before Gradio has started."""

import gradio as gr

from app.pages.pairs import shown, templates
from app.pages.pairs.knobs import NO_CATEGORY, TIES, WORDS, asked_knobs, wanted
from app.widgets.context import context
from app.widgets.first import Fields, FirstForm, FirstPart, FirstRow, Listed, Toolbar
from app.widgets.round_choice import round_line
from backend.errors import Conflict, InvalidInput
from backend.services.pairs import openings, previews
from backend.services.pairs.openings import Way
from backend.translations import gettext
from backend.values import JSON

MOST_SAMPLES = 20_000
"""Of a round with more, reading them takes longer than a document waits."""


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the round, its knobs and what they come to, or why the round has no pairs.

    Nothing is returned where no round is judged, where the address is wrong in anything, and where the round has too
    many samples.
    """
    here = context(request)
    known, wish = wanted(here, request)
    round_ = next((round_ for round_ in known if round_.id == wish.id), None)
    if round_ is None or (round_.counts.get("samples") or 0) > MOST_SAMPLES:
        return []
    way, unfit, knobs = Way.none, "", previews.parse({}).model_dump(mode="json")
    try:
        opening = openings.read_round(here.actor, round_.id)
    except (Conflict, InvalidInput) as error:
        result: JSON = {"message": error.message}
    else:
        try:
            selector = previews.parse(opening.knobs.model_dump(mode="json") | asked_knobs(request))
        except InvalidInput:
            return []
        way, unfit, knobs = opening.way, opening.unfit, selector.model_dump(mode="json")
        result = shown.result(previews.of_opening(opening, selector), knobs, way, opening.number)
    button = Toolbar(labels=[] if unfit else [gettext(shown.BUTTONS[way])])
    part = FirstPart("pairs-result", templates.RESULT, templates.RESULT_CSS, result)
    return [
        Fields([(gettext("Round"), round_line(round_))]),
        Listed([FirstForm(_fields(knobs)), button], [part], is_form=True),
    ]


def _fields(knobs: JSON) -> list[tuple[str, str, str]]:
    """Label, explanation and value of each knob."""
    ties = {value: gettext(name) for name, value in TIES}
    held = {name: f"{value:g}" if isinstance(value, int | float) else value for name, value in knobs.items()}
    held |= {"ties": ties[knobs["ties"]], "category": knobs["category"] or gettext(NO_CATEGORY)}
    return [(gettext(label), gettext(info), held[name]) for name, (label, info) in WORDS.items()]
