"""A trainer that stands in another one's place with a learning rate far below: before it is launched."""

from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe
from backend.recipes import Recipe
from backend.services.plans.plan import Plan
from backend.trainers._knobs import TRLKnobs

FACTOR = 100.0
"""So many times below the round before is warned of. It is no law but a guard: the defaults of `sft` (2e-5) and `dpo`
(1e-6) are 20 apart, and both teach; on the demo `dpo` at 1e-6 after `sft` at 1e-3 changed none of 400 held-out answers
in 3 steps."""


def warnings(db: Session, plan: Plan, recipe: Recipe, phase: int) -> list[str]:
    """Return a sentence for each trainer that the round before does not have, which makes the same and has its own
    default learning rate, `FACTOR` times or more below what the round before used.

    The round before is the one that the plan branches off, else its parent; without one nothing is said.
    """
    row_id = plan.branch_of if plan.branch_of is not None else plan.parent_id
    row = db.get(tables.Round, row_id) if row_id is not None else None
    if row is None:
        return []
    try:
        before = _trainers(recipes.read(row.recipe), row.phase)
    except UnreadableRecipe:
        return []
    sentences = []
    for makes, trainer in _trainers(recipe, phase):
        same = [other for name, other in before if name == makes]
        if not same or any(other.name == trainer.name for other in same) or not _is_default(trainer):
            continue
        other = max(same, key=lambda part: part.learning_rate)
        if other.learning_rate < FACTOR * trainer.learning_rate * (1 - 1e-9):
            continue
        sentences.append(
            f"The trainer {trainer.name} has its default learning rate, {trainer.learning_rate:g}, "
            f"{other.learning_rate / trainer.learning_rate:,.0f} times below the {other.learning_rate:g} of "
            f"{other.name} in round {row.number}: in few steps it may teach nothing. Raise learning_rate, or take more "
            "steps."
        )
    return list(dict.fromkeys(sentences))


def _trainers(recipe: Recipe, phase: int) -> list[tuple[str, TRLKnobs]]:
    """The trainings of a phase with TRL's knobs, each with the role of what it makes."""
    parts = [(place.step.makes, place.step.part) for place in recipe.places(phase) if place.step.kind == "trainer"]
    return [(makes, part) for makes, part in parts if isinstance(part, TRLKnobs)]


def _is_default(trainer: TRLKnobs) -> bool:
    return trainer.learning_rate == type(trainer).model_fields["learning_rate"].default
