import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.errors import UnknownPart
from backend.recipes import Recipe

FOLDER = Path(recipes.__file__).parent


@pytest.mark.parametrize("name", recipes.names())
def test_recipe_survives_json(name):
    recipe = recipes.get(name)
    assert Recipe.model_validate(json.loads(recipe.model_dump_json())) == recipe
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_every_recipe_is_its_file_and_stands_in_the_paper_index():
    files = {path.stem for path in FOLDER.glob("[!_]*.py")}
    assert set(recipes.names()) == files
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in files:
        assert f"## `{name}`" in index
        assert recipes.get(name).paper in index


def test_unknown_recipe_names_the_known_ones():
    with pytest.raises(UnknownPart, match=r"no recipe named 'nope'.*rejection_sampling.*self_rewarding"):
        recipes.get("nope")


def test_changes_set_knobs_and_leave_the_others():
    changed = recipes.get("self_rewarding").with_changes({"generator": {"n": 16}, "mix_share": 0.25})
    assert (changed.generator.n, changed.generator.temperature, changed.mix_share) == (16, 0.7, 0.25)
    assert recipes.get("self_rewarding").generator.n == 4  # the registered one stays


def test_changes_with_another_name_replace_the_part():
    changed = recipes.get("rejection_sampling").with_changes({"judge": {"name": "countdown"}})
    assert changed.judge.name == "countdown"


def test_changes_of_an_unknown_part_name_the_known_ones():
    with pytest.raises(UnknownPart, match=r"no judge named 'oracle'.*additive_rubric.*majority_vote"):
        recipes.get("rejection_sampling").with_changes({"judge": {"name": "oracle"}})


@pytest.mark.parametrize(
    "changes", [{"generator": {"n": 0}}, {"generator": {"typo": 1}}, {"typo": 1}, {"mix_share": 1.0}]
)
def test_changes_out_of_bounds_are_refused(changes):
    with pytest.raises(ValidationError):
        recipes.get("self_rewarding").with_changes(changes)


def test_selector_that_does_not_feed_the_trainer_is_refused():
    with pytest.raises(ValidationError) as error:
        recipes.get("self_rewarding").with_changes({"trainer": {"name": "sft"}})
    assert (
        "The selector best_versus_worst makes preference examples, but the trainer sft trains on prompt_completion. "
        "Choose a pair that fits."
    ) in str(error.value)


def test_unpaired_examples_feed_kto():
    changed = recipes.get("self_rewarding").with_changes({"selector": {"name": "unpaired"}, "trainer": {"name": "kto"}})
    assert changed.selector.makes is changed.trainer.trains_on
