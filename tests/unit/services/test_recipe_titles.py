"""What a recipe is called whose parts were replaced."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend import recipes
from backend.selectors._margins import Candidates
from backend.services.access import Actor
from backend.services.plans import Plan, recipe_choice
from backend.services.recipes.titles import has_other_trainers, title_of

BASE = recipes.get("rejection_sampling").model_dump(mode="json")


@pytest.mark.parametrize("name", recipes.names())
def test_a_registered_recipe_has_its_own_parts(name: str) -> None:
    recipe = recipes.get(name)
    assert title_of(recipe.model_dump(mode="json")) == recipe.title


@pytest.mark.parametrize(
    ("change", "ending"),
    [
        ({"selector": BASE["selector"] | {"max_per_prompt": 3}}, ""),
        ({"name": "our_own"}, ""),
        ({"trainer": {"name": "no_such_part"}}, ""),
        ({"judge": {"name": "written_verdict"}}, ", changed: written_verdict"),
        ({"selector": {"name": "margin_pairs"}, "trainer": {"name": "dpo"}}, ", changed: margin_pairs + dpo"),
    ],
)
def test_other_parts_are_named_and_other_knobs_are_not(change: dict[str, Any], ending: str) -> None:
    recipe = BASE | change
    assert title_of(recipe, str) == f"Rejection sampling (ReST-EM){ending}"
    assert has_other_trainers(recipe) is ("dpo" in ending)


def test_a_part_that_is_left_out_is_named() -> None:
    recipe = recipes.get("dive").model_dump(mode="json")
    recipe["steps"] = [step for step in recipe["steps"] if step["part"]["name"] != "diverse_subset"]
    assert title_of(recipe, str) == f"{recipe['title']}, without diverse_subset"


def test_a_name_keeps_knobs_and_a_judge_that_were_set_and_takes_the_registered_recipe_where_the_trainer_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recipe_choice.saved_recipes, "list_saved", lambda *_: [])
    actor, knobs = Actor(1, "Ann"), BASE | {"selector": BASE["selector"] | {"max_per_prompt": 3}}
    others = BASE | {"selector": {"name": "margin_pairs"}, "trainer": {"name": "dpo"}}
    judged = BASE | {"judge": {"name": "written_verdict"}}
    for held, taken in ((knobs, knobs), (judged, judged), (others, BASE)):
        plan = Plan(recipe=held, policy_id=1, reference_id=1)
        assert recipe_choice.chosen(actor, 1, plan, "rejection_sampling").recipe == taken


def test_scores_span_from_the_lowest_to_the_highest() -> None:
    none = np.zeros(0)
    empty = Candidates(none, none, none, none, none, none, none, none, none, none, ())
    assert empty.span == 0.0
    assert replace(empty, score=np.array([0.0, np.nan, 1.0])).span == 1.0
