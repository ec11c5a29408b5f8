"""A recipe that was kept elsewhere, cut to the knobs that there still are."""

import copy
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.services.recipes import parts, steps_edit
from backend.services.recipes.fitting import fitted
from backend.values import JSON

RECIPES = {recipe["name"]: recipe for recipe in parts.recipes()}
STEPS = steps_edit.as_steps(copy.deepcopy(RECIPES["self_rewarding"]))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_stays_as_it_is(name: str) -> None:
    assert fitted(RECIPES[name]) == (RECIPES[name], [])


def test_knobs_that_are_gone_are_named_and_all_else_stays() -> None:
    kept: JSON = copy.deepcopy(STEPS)
    judge = next(n for n, step in enumerate(kept["steps"]) if step["kind"] == "judge")
    kept["steps"][judge]["part"]["former"] = 3
    kept["steps"][0]["former"] = "x"
    kept["former"] = True
    recipe, gone = fitted(kept)
    assert recipe == STEPS
    assert set(gone) == {("steps", judge, "part", "former"), ("steps", 0, "former"), ("former",)}
    assert kept["former"], "what was given is left as it was"


def test_knobs_of_a_part_within_a_part_are_cut_too() -> None:
    kept: JSON = copy.deepcopy(RECIPES["star"])
    metric = next(n for n, metric in enumerate(kept["metrics"]) if isinstance(metric.get("verifier"), dict))
    kept["metrics"][metric]["verifier"]["former"] = 1
    assert fitted(kept) == (RECIPES["star"], [("metrics", metric, "verifier", "former")])


@pytest.mark.parametrize(
    "change",
    [
        {"judge": {"name": "former"}},
        {"judge": ["exact_match"]},
        {"title": None},
        {"metrics": {"name": "held_out_accuracy"}},
        {"metrics": ["held_out_accuracy"]},
        {"steps": [{"kind": "judge"}]},
        {"steps": [{"kind": "former", "part": {"name": "exact_match"}}]},
        {"phases": [3]},
        {"phases": 3},
    ],
    ids=str,
)
def test_what_is_no_recipe_or_holds_a_part_that_is_gone_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        fitted(RECIPES["rejection_sampling"] | change)
