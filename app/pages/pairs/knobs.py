"""The knobs of the pair builder's selector: their fields' words, and what the address asks for."""

from typing import Any

import gradio as gr

from app.widgets.asked import AddressId, asked_judged
from app.widgets.context import Context
from backend.services import rounds
from backend.services.rounds import RoundView
from backend.translations import N_
from backend.values import JSON, Stage

WORDS = {
    "min_margin": (N_("Margin"), N_("min_margin: smallest difference of two scores")),
    "ties": (N_("Ties"), N_("ties: what equal scores come to")),
    "length_penalty": (N_("Length penalty"), N_("length_penalty: taken off a score for each 1,000 characters")),
    "min_reviewers": (N_("Minimum of reviewers"), N_("min_reviewers: people who decided on each side")),
    "pairs_per_prompt": (N_("Pairs per prompt"), N_("pairs_per_prompt: at most")),
    "category": (N_("Category"), N_("category: a note of the prompts")),
    "max_per_category": (
        N_("Quota of each category"),
        N_("max_per_category: pairs at most, the widest margins; 0: no limit"),
    ),
}
"""Label and explanation of each field, in their order; what else the selector has stays as it is in the recipe."""
TIES = ((N_("Drop"), "drop"), (N_("Choose the shorter text"), "shorter"))
NO_CATEGORY = N_("None")


def words(name: str) -> dict[str, Any]:
    """The words of a knob's field, as Gradio takes them."""
    label, info = WORDS[name]
    return {"label": label, "info": info}


def asked_knobs(request: gr.Request) -> JSON:
    """The knobs that the address names."""
    return {name: str(request.query_params[name]) for name in WORDS if name in request.query_params}


def wanted(here: Context, request: gr.Request) -> tuple[list[RoundView], AddressId]:
    """The rounds that are judged, newest first, and which of them to open: that of the address, else the newest. Its
    `id` is None where there is none, `missing` says so of one that is asked for."""
    every = rounds.list_rounds(here.actor, here.project_id)
    known = [round_ for round_ in reversed(every) if round_.stage is not Stage.generate]
    wish = asked_judged(request, every)
    if wish.id or wish.missing:
        return known, wish
    return known, AddressId(next((round_.id for round_ in known), None))
