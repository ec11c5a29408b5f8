"""A recipe is one value: which parts run, in which order. Adding one is a file here, and its test."""

import json
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from backend.errors import UnknownPart, UnreadableRecipe
from backend.judges import Judge
from backend.recipes._recipe import Recipe
from backend.recipes._slots import SLOTS, STEPS, Common, Slots
from backend.recipes._step_lines import kind_word
from backend.recipes._steps import BASE, BUILT_IN, JUDGE, KINDS, POLICY, REFERENCE, STAGES, Phase, Step
from backend.recipes._walk import StepPlace, labeller
from backend.registry import catalogue, import_all, left_out
from backend.selectors import Selector
from backend.trainers import Trainer
from backend.values import Stage

__all__ = [
    "BASE",
    "BUILT_IN",
    "JUDGE",
    "KINDS",
    "POLICY",
    "REFERENCE",
    "SLOTS",
    "STAGES",
    "STEPS",
    "Common",
    "Phase",
    "Recipe",
    "Slots",
    "Step",
    "StepPlace",
    "cut_of",
    "first_job",
    "get",
    "job_after_people",
    "job_from",
    "judge_of",
    "judge_place",
    "kind_word",
    "names",
    "needs_differences",
    "read",
    "register",
]


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Recipe:
    return Recipe.model_validate_json(text)


def read(data: dict[str, Any]) -> Recipe:
    """The recipe of stored JSON; raises `UnreadableRecipe`. For places that ask often: the same JSON is read once."""
    try:
        return _parsed(json.dumps(data))
    except (ValidationError, UnknownPart) as error:
        raise UnreadableRecipe(
            f"The recipe {data.get('name')} cannot be read: a part that it names is not installed any more, or takes "
            "other knobs now. Install the package that brings it, in the version that the round was launched with."
        ) from error


def judge_of(data: dict[str, Any], phase: int = 0) -> dict[str, Any]:
    """Of a recipe's JSON the judge whose labels people see: the last before they decide; empty where there is none."""
    if "steps" not in data and "phases" not in data:
        return dict(data.get("judge", {}))
    place = judge_place(read(data), phase)
    return place.step.part.dump() if place is not None else {}


def judge_place(recipe: Recipe, phase: int = 0) -> StepPlace | None:
    """The step of the judge whose labels people see: the last before they decide; None where there is none."""
    gate = recipe.gate(phase)
    return None if gate is None else labeller(recipe.places(phase), gate)


def needs_differences(recipe: Recipe, phase: int) -> bool:
    """Whether a selector makes pairs by scores or verdicts, or a trainer learns from rewards within a group."""
    parts = [place.step.part for place in recipe.places(phase)]
    return any(
        (isinstance(part, Selector) and part.needs_differences)
        or (isinstance(part, Trainer) and part.trains_on_rewards)
        for part in parts
    )


def cut_of(judge: dict[str, Any]) -> float:
    """Of a judge's JSON the lowest score that it labels accept: the default of every judge where it names none."""
    return float(judge.get("accept_at", Judge.model_fields["accept_at"].default))


def first_job(data: dict[str, Any], phase: int = 0) -> tuple[Stage, int]:
    """Of a recipe's JSON the stage and number of the first step that has a job."""
    return job_from(data, phase, 0)


def job_after_people(data: dict[str, Any], phase: int = 0) -> tuple[Stage, int]:
    """Of a recipe's JSON the stage and number of the step that a closed review goes on with."""
    if "steps" not in data and "phases" not in data:
        return Stage.select, STEPS.index("selector")
    return job_from(data, phase, read(data).gate(phase) or 0)


def job_from(data: dict[str, Any], phase: int, start: int) -> tuple[Stage, int]:
    """Of a recipe's JSON the stage and number of the first step from this one on that has a job."""
    places = read(data).places(phase)
    later = [place for place in places[start:] if place.step.kind in STAGES]
    return (STAGES[later[0].step.kind], later[0].index) if later else (Stage.evaluate, len(places))


_recipes: dict[str, Recipe] = catalogue()


def register(recipe: Recipe) -> None:
    """Make a recipe known by its name."""
    _recipes[recipe.name] = recipe


def get(name: str) -> Recipe:
    """Return the recipe of that name; raises `UnknownPart`."""
    import_all()
    if name not in _recipes:
        raise UnknownPart(kind="recipe", name=name, known=sorted(_recipes), left_out=left_out())
    return _recipes[name]


def names() -> list[str]:
    """Names of all registered recipes, sorted."""
    import_all()
    return sorted(_recipes)
