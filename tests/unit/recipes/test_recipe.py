import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.errors import InvalidInput, UnknownPart
from backend.recipes import Recipe
from backend.services.recipe_list import paper_index

FOLDER = Path(recipes.__file__).parent
HEADINGS = ["The paper", "Different here", "Relatives by one change", "Quoted"]


@pytest.mark.parametrize("name", recipes.names())
def test_recipe_survives_json(name):
    recipe = recipes.get(name)
    assert Recipe.model_validate(json.loads(recipe.model_dump_json())) == recipe
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_every_recipe_is_its_file() -> None:
    assert set(recipes.names()) == {path.stem for path in FOLDER.glob("[!_]*.py")}


@pytest.mark.parametrize("name", recipes.names())
def test_the_docstring_of_a_recipe_is_its_entry_of_the_paper_index(name):
    entry = paper_index.entries()[name]
    headings = [section.title for section in entry.sections]
    assert headings[:2] == HEADINGS[:2]
    assert headings == [heading for heading in HEADINGS if heading in headings], "none other, and in this order"
    assert all(section.blocks for section in entry.sections)
    assert recipes.get(name).paper in paper_index.texts()[name]


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


def test_the_name_of_another_part_replaces_the_part():
    named = {"judge": "countdown", "held_out_accuracy": "length", "sft": {"max_steps": 1}}
    changed = recipes.get("rejection_sampling").with_changes(named)
    assert (changed.judge.name, changed.metrics[0].name, changed.trainer.max_steps) == ("countdown", "length", 1)
    same = recipes.get("rejection_sampling").with_changes({"sample": "sample"})
    assert same.generator.n == 32, "a part that is named again keeps its knobs"


def test_changes_call_parts_as_they_were_before_any_change():
    together = {"sft": {"name": "kto"}, "above_threshold": "unpaired", "selector": {"accept_at": 0.7}}
    changed = recipes.get("rejection_sampling").with_changes(together)
    assert (changed.trainer.name, changed.selector.name, changed.selector.accept_at) == ("kto", "unpaired", 0.7)
    steps = recipes.get("meta_rewarding").with_changes({"answers": "imported", "prompt_set": {"shuffle": False}})
    assert (steps.phases[0].steps[1].part.name, steps.phases[0].steps[0].part.shuffle) == ("imported", False)


def test_a_list_that_is_given_whole_is_changed_as_given():
    changes = {"pass_at_k": {"k": 2}, "metrics": ["length", {"name": "pass_at_k", "n": 16}]}
    changed = recipes.get("rejection_sampling").with_changes(changes)
    assert [metric.name for metric in changed.metrics] == ["length", "pass_at_k"]
    assert (changed.metrics[1].k, changed.metrics[1].n) == (2, 16)


@pytest.mark.parametrize("place", ["judge", "exact_match", "3", "schedule", "held_out_accuracy"])
@pytest.mark.parametrize("value", [None, 5, ["countdown"], True])
def test_a_value_that_is_no_part_is_refused(place, value):
    with pytest.raises(InvalidInput, match=rf"^{place} is the part \w+ of the recipe rejection_sampling, and .+ is no"):
        recipes.get("rejection_sampling").with_changes({place: value, "sft": {"max_steps": 1}})


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
        "Choose a selector and a trainer that fit."
    ) in str(error.value)


def test_unpaired_examples_feed_kto():
    changed = recipes.get("self_rewarding").with_changes({"selector": {"name": "unpaired"}, "trainer": {"name": "kto"}})
    assert changed.selector.makes is changed.trainer.trains_on
