"""The step by which a recipe's judge answers the project's own questions: whether it is there, and putting it in."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from backend import recipes
from backend.errors import InvalidInput
from backend.judges import Judge
from backend.judges.project_questions import ProjectQuestions
from backend.recipes import Recipe
from backend.services.recipes import parts, steps_edit
from backend.values import JSON

NAME = str(ProjectQuestions.name)


def is_asked(recipe: JSON) -> bool:
    """Whether a step of a recipe's JSON answers the project's questions."""
    return any(True for _ in _answering(recipe))


def added(recipe: JSON) -> JSON:
    """Return the recipe with that step right before people decide, on what they are shown, in each phase that has none.

    Raises `InvalidInput` where the recipe does not work yet, or shows people no texts, or would not work with the step.
    """
    read = recipes.read(parts.validate(recipe))
    changed = steps_edit.as_steps(deepcopy(recipe))
    is_added = False
    for phase, place in enumerate(steps_edit.lists(changed)):
        steps = steps_edit.at(changed, place)
        gate = read.gate(phase)
        if gate is None or not read.places(phase)[gate].texts or any(_is_answering(step) for step in steps):
            continue
        shown = read.places(phase)[gate].step
        part = parts.defaults("judge", NAME)
        steps.insert(gate, {"part": part, "kind": "judge", "name": "", "by": "", "of": shown.of, "roles": []})
        is_added = True
    if not is_added:
        raise InvalidInput("This recipe shows people no texts, so there is nothing to answer the questions about.")
    parts.validate(changed)
    return changed


def with_keys(recipe: Recipe, keys: list[str]) -> Recipe:
    """The recipe, its step naming these questions where it names none: what it will ask now, for an estimate."""
    data = recipe.model_dump(mode="json")
    answering = [part for part in _answering(data) if not part.get("questions")]
    for part in answering:
        part["questions"] = keys
    return recipes.read(data) if answering else recipe


def answering(recipe: Recipe, phase: int) -> list[recipes.StepPlace]:
    """The steps of a phase that answer the project's questions."""
    return [
        place for place in recipe.places(phase) if isinstance(place.step.part, Judge) and place.step.part.gives_answers
    ]


def _answering(recipe: JSON) -> Iterator[dict[str, Any]]:
    if "steps" not in recipe and "phases" not in recipe:
        if _is_answering(recipe.get("judge")):
            yield recipe["judge"]
        return
    for place in steps_edit.lists(recipe):
        yield from (step["part"] for step in steps_edit.at(recipe, place) if _is_answering(step))


def _is_answering(step: Any) -> bool:
    part = step.get("part", step) if isinstance(step, dict) else None
    return isinstance(part, dict) and part.get("name") == NAME
