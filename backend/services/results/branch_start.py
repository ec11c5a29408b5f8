"""Where a branch goes its own way."""

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe


def begun_at(row: tables.Round) -> str:
    """The kind of a branch's first step that ran anew; empty where the recipe cannot be read."""
    try:
        places = recipes.read(row.recipe).places(row.phase)
    except UnreadableRecipe:
        return ""
    return next((str(place.step.kind) for place in places if place.index == row.branch_step), "")
