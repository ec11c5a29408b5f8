"""Changing the list of steps in a recipe's JSON. The result need not be a valid recipe yet: validation says what is
missing."""

from typing import Any

from pydantic import ValidationError

from backend.errors import InvalidInput, UnknownPart
from backend.recipes import BUILT_IN, KINDS, STEPS, Recipe, Step
from backend.services.recipes import parts, round_roles
from backend.services.recipes.knobs import Knob, knobs_of
from backend.values import JSON

Path = tuple[str | int, ...]


def as_steps(recipe: JSON) -> JSON:
    """Return the same recipe with its slots written as steps; one that has steps as it is."""
    if "steps" in recipe or "phases" in recipe:
        return recipe
    beside = {name: value for name, value in recipe.items() if name not in STEPS}
    return beside | {"steps": [_step(slot, recipe[slot]) for slot in STEPS]}


def knobs() -> list[Knob]:
    """Describe what a step says beside its part: its name, who acts, what it works on, whose samples it sees."""
    return knobs_of(Step, only=("name", "by", "of", "roles"), called="step")


def choices() -> list[str]:
    """Return what can be added, as `kind: part`."""
    return [f"{kind}: {name}" for kind in KINDS for name in parts.describe()[kind]]


def lists(recipe: JSON) -> list[Path]:
    """Return where a recipe's JSON holds its lists of steps, one a phase."""
    if "phases" in recipe:
        return [("phases", number, "steps") for number in range(len(recipe["phases"]))]
    return [("steps",)]


def added(recipe: JSON, place: Path, choice: str) -> JSON:
    """Return the recipe with one more step at the end of the list at `place`; changes `recipe` itself.

    Raises `InvalidInput` for what is none of `choices`.
    """
    if choice not in choices():
        raise InvalidInput(f"There is no step {str(choice)[:80]!r} to add. Choose one from the list.")
    kind, name = choice.split(": ", 1)
    at(recipe, place).append(_step(kind, parts.defaults(kind, name)))
    return recipe


def removed(recipe: JSON, place: Path, index: int) -> JSON:
    """Return the recipe without a step; changes `recipe` itself."""
    del at(recipe, place)[index]
    return recipe


def moved(recipe: JSON, place: Path, index: int, by: int) -> JSON:
    """Return the recipe with a step `by` places further down, where there is room; changes `recipe` itself."""
    steps = at(recipe, place)
    if 0 <= index + by < len(steps):
        steps.insert(index + by, steps.pop(index))
    return recipe


def roles(recipe: JSON) -> list[str]:
    """Return the roles beyond the built-in ones that a checkpoint may have to be bound to, in the order of the steps.

    None where the recipe does not work yet.
    """
    try:
        read = Recipe.model_validate(recipe)
    except (ValidationError, UnknownPart):
        return []
    roles_ = [role for n in range(len(read.phases)) for _, role in round_roles.acting(read.places(n))]
    return [role for role in dict.fromkeys(roles_) if role not in BUILT_IN]


def _step(kind: str, part: JSON) -> JSON:
    return {"part": part, "kind": kind, "name": "", "by": "", "of": "", "roles": []}


def at(recipe: JSON, place: Path) -> list[Any]:
    """Return the list of steps at `place`, itself."""
    value: Any = recipe
    for key in place:
        value = value[key]
    return value  # type: ignore[no-any-return]
