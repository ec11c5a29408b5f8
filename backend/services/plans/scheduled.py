"""What schedules that look back change from round to round, and what they say against another round."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import InvalidInput
from backend.pipeline.history import history_of
from backend.recipes import Recipe
from backend.services import refusals
from backend.values import JSON


def next_recipe(db: Session, parent: tables.Round) -> dict[str, Any]:
    """The parent's recipe with what its schedule changes; one that tries out is asked when the round has begun."""
    recipe = recipes.read(parent.recipe)
    if recipe.schedule.pilot_prompts:
        return recipe.model_dump(mode="json")
    try:
        changed = recipe.with_changes(recipe.schedule.changes(history_of(db, parent.id, recipe)))
    except ValidationError as error:
        raise InvalidInput(
            f"The schedule {recipe.schedule.name} cannot change this recipe.\n" + refusals.explain(error)
        ) from error
    return changed.model_dump(mode="json")


def tuned(db: Session, recipe: Recipe, parent_id: int | None) -> JSON:
    """What the schedule set for a round after this one, as its row keeps it; empty where it was changed since."""
    if parent_id is None or recipe.schedule.pilot_prompts:
        return {}
    try:
        changes = recipe.schedule.changes(history_of(db, parent_id, recipe))
        return {"changes": changes} if changes and recipe.with_changes(changes) == recipe else {}
    except (InvalidInput, ValidationError):
        return {}


def stopped(db: Session, round_id: int | None, recipe: dict[str, Any]) -> str | None:
    """Why, by the recipe's schedule, no round should follow this one by itself; None where it says nothing."""
    if round_id is None or db.get(tables.Round, round_id) is None:
        return None
    known_recipe = recipes.read(recipe)
    return known_recipe.schedule.stops(history_of(db, round_id, known_recipe))
