"""What is open in the form of a round when it is drawn again: what a person left open, wherever its step stands then."""

import gradio as gr
import pytest

from app import forms
from app.pages.new_round.folds import MORE, ROLES, Folds, Keys, by_key, kept_keys, new_keys, same_keys
from backend import recipes
from backend.services.recipes import steps_edit
from backend.services.recipes.knobs import Knob, KnobType
from backend.values import JSON

SLOTS = ["prompt_source", "generator", "judge", "selector", "trainer"]


@pytest.fixture
def recipe() -> JSON:
    return steps_edit.as_steps(recipes.get("rejection_sampling").model_dump(mode="json"))


def numbered(keys: Keys) -> dict[str, str]:
    """The steps' keys, by the numbers that lead to them."""
    return {name.removeprefix("steps-"): key for name, key in keys.items() if name.startswith("steps-")}


def test_a_step_keeps_its_key_when_others_are_removed_moved_and_added(recipe: JSON) -> None:
    keys = new_keys(recipe, 1)
    assert numbered(keys) == {str(n): f"1 steps-{n}" for n in range(5)}
    before = by_key(recipe, keys)
    steps_edit.removed(recipe, ("steps",), 1)
    steps_edit.moved(recipe, ("steps",), 3, -1)
    steps_edit.added(recipe, ("steps",), "judge: majority_vote")
    now = kept_keys(recipe, 2, keys, before)
    assert numbered(now) == {"0": "1 steps-0", "1": "1 steps-2", "2": "1 steps-4", "3": "1 steps-3", "4": "2 steps-4"}
    assert {now[name] for name in ("schedule", "metrics", MORE, ROLES)} == {
        keys[name] for name in ("schedule", "metrics", MORE, ROLES)
    }


def test_slots_that_become_steps_keep_their_keys_and_another_recipe_has_none_of_them() -> None:
    recipe = recipes.get("rejection_sampling").model_dump(mode="json")
    keys = new_keys(recipe, 1)
    now = kept_keys(steps := steps_edit.as_steps(recipe), 2, keys, by_key(recipe, keys))
    assert list(numbered(now).values()) == [keys[slot] for slot in SLOTS]
    assert same_keys(steps, 3, now) == now
    assert not set(new_keys(recipe, 3).values()) & {*keys.values(), *now.values()}


def test_what_is_drawn_again_is_as_a_person_left_it() -> None:
    folds = Folds({}, {}, {"a": True, "b": True, "c": False}, {"b": False, "c": True}, None)
    assert [folds.is_open(key, key == "d") for key in "abcde"] == [True, False, True, True, False]
    assert folds.drawn == {"a": True, "b": False, "c": True, "d": True, "e": False}


def test_what_is_set_in_one_of_two_equal_steps_is_not_set_in_the_other_and_each_keeps_its_key(recipe: JSON) -> None:
    for _ in range(2):
        steps_edit.added(recipe, ("steps",), "judge: step_value")
    path, knob = ("steps", 5, "part", "outcome", "accept_at"), Knob("accept_at", KnobType.number, 0.5)
    form = forms.Form(start=recipe, fields=[forms.Field(path, knob, gr.Number(render=False))])
    read = form.read([0.75])
    assert [step["part"]["outcome"]["accept_at"] for step in read["steps"][5:]] == [0.75, 0.5]
    keys = new_keys(read, 1)
    before = by_key(read, keys)
    steps_edit.moved(read, ("steps",), 6, -1)
    now = kept_keys(read, 2, keys, before)
    assert [numbered(now)[n] for n in "56"] == ["1 steps-6", "1 steps-5"]
    again = forms.Form(start=read).read([])
    before = by_key(again, now)
    steps_edit.removed(again, ("steps",), 5)
    assert numbered(kept_keys(again, 3, now, before))["5"] == "1 steps-5"
    assert again["steps"][5]["part"]["outcome"]["accept_at"] == 0.75


def test_the_rest_of_a_steps_knobs_is_known_by_its_step_as_it_was_by_its_slot() -> None:
    slots = recipes.get("rejection_sampling").model_dump(mode="json")
    slots["metrics"] = [{"name": name} for name in ("pass_at_k", "accuracy", "pass_at_k")]
    keys = new_keys(slots, 1)
    folds = Folds(slots, keys, {}, {}, None)
    assert folds.key_of_rest(("judge", "verifier")) == "1 judge rest verifier"
    assert folds.key_of_rest(()) == "1 more rest"
    named = [folds.key_of_rest(("metrics", place, "verifier")) for place in range(3)]
    assert named == [f"1 metrics rest {name} verifier" for name in ("pass_at_k-1", "accuracy-1", "pass_at_k-2")]
    steps = steps_edit.as_steps(slots)
    later = Folds(steps, kept_keys(steps, 2, keys, by_key(slots, keys)), {}, {}, None)
    for beneath in ((), ("verifier",)):
        assert later.key_of_rest(("steps", 2, "part", *beneath)) == folds.key_of_rest(("judge", *beneath))
    assert later.key_of_rest(("steps", 2)) == "1 judge rest of the step"
