"""What the charts and facets above the list of samples are drawn of, and what a click on one narrows the list to."""

from typing import Any

import gradio as gr

from app.pages.samples import bars, facet_panel
from app.pages.samples.drawing import wanted
from app.pages.samples.narrowing import narrowed_to
from app.toasts import toasts
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.sample_filters import NAMES, NUMBERS
from backend.services import rounds
from backend.values import JSON


@toasts
def draw_chart(request: gr.Request) -> JSON:
    """The histograms come on their own: the list does not wait for them."""
    here = context(request)
    ids = [round_.id for round_ in rounds.list_rounds(here.actor, here.project_id)]
    return bars.drawn(here, wanted(here, request, ids)["round"])


@toasts
def chart_of(round_id: int, request: gr.Request) -> JSON:
    """The histograms of another round."""
    return bars.drawn(context(request), round_id)


@toasts
def choose_bar(asked_for: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Show the samples of a bar, or of all bars again."""
    of, filters = bars.asked(event._data)
    kept = {name: asked_for.value[name] for name in NAMES if name in asked_for.value and name not in bars.NAMES[of]}
    asked = kept | filters
    return [*(asked.get(name) for name in NUMBERS), *narrowed_to(request, asked_for, asked)]


@toasts
def draw_facets(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """The facets come when somebody opens them."""
    return [facet_panel.drawn(context(request), asked_for.value.get("round")), True]


@toasts
def fold_facets(request: gr.Request) -> bool:
    """The facets are out of sight, and need not be drawn for another round."""
    context(request)
    return False


@toasts
def draw_facets_of(round_id: int, is_open: bool, request: gr.Request) -> Any:
    """The facets of another round, where they are in sight."""
    here = context(request)
    return facet_panel.drawn(here, round_id) if is_open else gr.skip()


@toasts
def choose_facet(asked_for: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Show the samples of a value, or of all again."""
    tests = facet_panel.asked(asked_for.value, event._data)
    asked = {name: asked_for.value[name] for name in NAMES if name in asked_for.value and name != "metadata"}
    asked |= {"metadata": tests} if tests else {}
    return [tests, *narrowed_to(request, asked_for, asked)]
