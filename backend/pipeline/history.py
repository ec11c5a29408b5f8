"""What rounds measured, as schedules look back on it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe
from backend.recipes import Recipe
from backend.values import JSON


def is_same(data: JSON, recipe: Recipe) -> bool:
    """Whether a recipe's JSON is that recipe but for knobs: of the same name, with as many steps in each phase.

    One that cannot be read any more, a part of which is not installed, say, is another one.
    """
    if data.get("name") != recipe.name:
        return False
    try:
        phases = recipes.read(data).phases
    except UnreadableRecipe:
        return False
    return [len(phase.steps) for phase in phases] == [len(phase.steps) for phase in recipe.phases]


def history_of(db: Session, round_id: int | None, recipe: Recipe) -> list[dict[str, float | None]]:
    """The metric values by name of a round and the rounds above it, oldest first; none without a round.

    Where the recipe's schedule counts its own rounds, those of other recipes are left out.
    """
    rounds: list[dict[str, float | None]] = []
    metric = tables.Metric
    while round_id is not None:
        row = db.get_one(tables.Round, round_id)
        query = select(metric.name, metric.value).where(
            metric.round_id == row.id, metric.checkpoint_id.is_(None) | (metric.checkpoint_id == row.checkpoint_id)
        )
        if not recipe.schedule.counts_own_rounds or is_same(row.recipe, recipe):
            rounds.insert(0, {name: value for name, value in db.execute(query)})
        round_id = row.parent_id
    return rounds
