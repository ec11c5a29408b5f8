"""A recipe's JSON as the form changes it, step by step."""

from typing import Any

import pytest

from backend import recipes
from backend.errors import InvalidInput
from backend.recipes import STEPS, Recipe
from backend.services.recipes import judged_questions, parts, steps_edit


def kinds(recipe: dict[str, Any]) -> list[str]:
    return [step["kind"] for step in recipe["steps"]]


def star() -> dict[str, Any]:
    return recipes.get("star").model_dump(mode="json")


@pytest.mark.parametrize("name", ["rejection_sampling", "self_rewarding", "star", "meta_rewarding"])
def test_slots_as_steps_are_the_same_recipe(name: str) -> None:
    recipe = recipes.get(name)
    assert Recipe.model_validate(steps_edit.as_steps(recipe.model_dump(mode="json"))) == recipe


def test_steps_are_added_at_the_end_moved_and_removed() -> None:
    recipe = steps_edit.as_steps(recipes.get("rejection_sampling").model_dump(mode="json"))
    steps_edit.added(recipe, ("steps",), "judge: majority_vote")
    assert kinds(recipe) == [*STEPS, "judge"]
    assert recipe["steps"][-1]["part"] == parts.defaults("judge", "majority_vote")
    steps_edit.moved(recipe, ("steps",), 5, -1)
    assert kinds(recipe)[4:] == ["judge", "trainer"]
    steps_edit.moved(recipe, ("steps",), 0, -1)
    assert kinds(recipe)[0] == "prompt_source", "there is no room above the first"
    steps_edit.removed(recipe, ("steps",), 4)
    assert kinds(recipe) == [*STEPS]


def test_each_phase_has_a_list_of_its_own() -> None:
    recipe = recipes.get("meta_rewarding").model_dump(mode="json")
    places = steps_edit.lists(recipe)
    assert places == [("phases", number, "steps") for number in range(4)]
    before = [len(phase["steps"]) for phase in recipe["phases"]]
    steps_edit.added(recipe, places[2], "generator: sample")
    assert [len(phase["steps"]) for phase in recipe["phases"]] == [before[0], before[1], before[2] + 1, before[3]]


@pytest.mark.parametrize(
    "choice", ["", "sample", "judge: nothing", "engine: scripted", ["judge: exact_match"], None, 7]
)
def test_what_is_no_choice_is_refused(choice: Any) -> None:
    with pytest.raises(InvalidInput, match="Choose one from the list"):
        steps_edit.added(star(), ("steps",), choice)


def test_roles_are_those_beyond_the_built_in() -> None:
    recipe = star()
    assert steps_edit.roles(recipe) == []
    recipe["steps"][1]["by"] = "author"
    assert steps_edit.roles(recipe) == ["author"]


def test_what_does_not_work_yet_has_titles_and_no_roles() -> None:
    lacking, unknown = star(), star()
    steps_edit.removed(lacking, ("steps",), 1)
    unknown["steps"][2]["part"]["name"] = "of a package that is gone"
    for recipe in (lacking, unknown):
        assert steps_edit.roles(recipe) == []
        lines = [spot.line for spot in parts.spots(recipe) if spot.line]
        assert lines[0] == "1. prompt source: prompt_set"
        assert len(lines) == len(recipe["steps"])


@pytest.mark.parametrize("name", sorted(recipes.names()))
def test_every_recipe_works_with_the_step_that_answers_questions_or_says_why_not(name: str) -> None:
    recipe = recipes.get(name)
    gates = [(phase, recipe.gate(phase)) for phase in range(len(recipe.phases))]
    shown = [recipe.places(phase)[gate].texts for phase, gate in gates if gate is not None]
    if not any(shown):
        with pytest.raises(InvalidInput, match="shows people no texts"):
            judged_questions.added(recipe.model_dump(mode="json"))
        return
    changed = judged_questions.added(recipe.model_dump(mode="json"))
    assert judged_questions.is_asked(recipes.read(changed).model_dump(mode="json"))
