"""Which step of its round's recipe a job runs, in words."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe
from backend.pipeline.stage import step_of
from backend.recipes import Recipe, StepPlace
from backend.translations import gettext
from backend.values import Stage


def places_of(db: Session, round_ids: Iterable[int]) -> dict[int, tuple[Recipe, int]]:
    """The recipe and the phase of those of these rounds whose recipe is a list of steps, and can be read."""
    row, recipes_ = tables.Round, {}
    for id_, data, phase in db.execute(select(row.id, row.recipe, row.phase).where(row.id.in_(set(round_ids)))):
        if "steps" in data or "phases" in data:
            with suppress(UnreadableRecipe):  # a part is not installed any more
                recipes_[id_] = recipes.read(data), phase
    return recipes_


def line(known: Mapping[int, tuple[Recipe, int]], round_id: int | None, stage: Stage, number: int | None) -> str:
    """`step 4 of 9: judge read_score`; with the step's name where it has one, and the phase where there are several.

    Empty for measuring, for a recipe of slots and for a job outside rounds: the stage alone says it.
    """
    if round_id is None or round_id not in known:
        return ""
    recipe, phase = known[round_id]
    places = recipe.places(phase)
    at = step_of(places, stage, number)
    if at >= len(places):
        return ""
    number, phases = min(phase, len(recipe.phases) - 1) + 1, len(recipe.phases)
    before = gettext("phase {number}").format(number=number) + ", " if phases > 1 else ""
    step = gettext("step {number} of {whole}").format(number=at + 1, whole=len(places))
    return f"{before}{step}: {_named(places[at])}"


def _named(place: StepPlace) -> str:
    step = place.step
    return f"{step.kind} {step.part.name}" + (f" ({step.name})" if step.name else "")
