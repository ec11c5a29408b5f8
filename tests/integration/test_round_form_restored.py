"""What the browser kept of the form of a new round, put over the plan that fills it."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from app.form_values import path_key, shown
from app.forms import put, take
from app.pages.new_round.filling import filled
from app.pages.new_round.rereading import drawn
from app.pages.new_round.restoring import fits, restored
from app.widgets import branch_review, round_form
from app.widgets.context import Context
from backend.db import session, tables
from backend.errors import InvalidInput
from backend.recipes import get
from backend.services import rounds
from backend.services.recipes import fitting, parts
from backend.services.rounds import Plan
from backend.values import JSON, LocalEngine, Role, Split
from tests import rows

AT = 1_796_000_000_000


class Form:
    """A project with sets, two checkpoints and a curator; the plan of a plain address."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.base, self.other = rows.make_checkpoint(self.project), rows.make_checkpoint(self.project)
        self.sums, self.more = rows.make_prompt_set(self.project), rows.make_prompt_set(self.project)
        self.held_out = rows.make_prompt_set(self.project, split=Split.held_out)
        self.here = Context(rows.make_actor(self.project, Role.curator), self.project.id, "", None)
        self.plan = rounds.defaults(self.here.actor, self.project.id)

    def kept(self, recipe: JSON | None = None, **beside: Any) -> JSON:
        """What the browser keeps of the form as it is filled, with these values of fields beside the recipe."""
        held = [
            field.constructor_args["value"] if isinstance(field, gr.Dropdown | gr.Checkbox) else field
            for field in round_form.filled(self.here.actor, self.project.id, self.plan)
        ]
        recipe = recipe or self.plan.recipe
        return {
            "at": AT,
            "recipe": recipe,
            "origin": branch_review.origin_of(self.here.actor, self.plan),
            "start": None,
            "beside": dict(zip(round_form.names(), held, strict=True)) | beside,
            "knobs": {path_key(path): shown(knob, take(recipe, path)) for path, knob in drawn(recipe)},
            "roles": {},
            "title": "",
            "yaml": "",
        }

    def plan_of(self, kept: JSON) -> Plan:
        before = restored(self.here, self.plan, json.dumps(kept))
        assert before is not None
        assert before.left_out == ()
        return before.plan


def test_what_was_left_as_it_was_filled_is_the_same_plan(database: str) -> None:
    form = Form()
    review = parts.review_defaults() | form.plan.review
    assert form.plan_of(form.kept()) == replace(form.plan, review=review)


def test_every_field_is_as_it_was_typed(database: str) -> None:
    form, recipe = Form(), get("star").model_dump(mode="json")
    kept = form.kept(
        recipe,
        policy=form.other.id,
        reference=form.base.id,
        judge=form.other.id,
        sample_sets=[form.more.id, form.sums.id],
        held_out_sets=[],
        is_reviewed=False,
        engine="vllm",
        stop_rules=[],
        num_prompts=7,
    )
    kept["knobs"]["mix_share"] = 0.25
    kept["beside"]["review.num_reviewers_per_item"] = 3
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    plan = before.plan
    assert plan.recipe == recipe | {"mix_share": 0.25}
    assert (plan.policy_id, plan.reference_id, plan.judge_id) == (form.other.id, form.base.id, form.other.id)
    assert (plan.sample_set_ids, plan.held_out_set_ids) == ((form.more.id, form.sums.id), ())
    assert (plan.is_reviewed, plan.engine, plan.stop_rules) == (False, LocalEngine.vllm, ())
    assert plan.review["num_reviewers_per_item"] == 3
    assert before.beside["num_prompts"] == 7, "a number is shown as it was typed"
    assert before.left_out == ()
    outputs = filled(form.here, plan, before)
    numbers = dict(zip(round_form.names(), outputs[-len(round_form.names()) :], strict=True))
    assert (numbers["num_prompts"], numbers["seed"]) == (7, form.plan.seed)


def test_what_says_no_value_is_shown_again_and_nothing_can_be_launched(database: str) -> None:
    form = Form()
    kept = form.kept(num_prompts="")
    place = next(path_key(path) for path, knob in drawn(form.plan.recipe) if path_key(path).endswith("temperature"))
    kept["knobs"][place] = ""
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert (before.beside["num_prompts"], before.knobs, before.left_out) == (None, {place: ""}, ())
    assert before.plan.recipe == form.plan.recipe, "the recipe keeps the last value that was one"
    outputs = filled(form.here, before.plan, before)
    (page_held,) = [value for value in outputs if isinstance(value, dict) and "can_start" in value]
    assert not page_held["can_start"]
    (draft,) = [value for value in outputs if isinstance(value, dict) and "typed" in value]
    assert draft["typed"] == {place: ""}


def test_a_value_that_the_recipe_refuses_is_shown_again_with_all_that_was_typed(database: str) -> None:
    form = Form()
    keys = [path_key(path) for path, _ in drawn(form.plan.recipe)]
    temperature, share = next(key for key in keys if key.endswith("temperature")), "mix_share"
    kept = form.kept()
    kept["knobs"] |= {temperature: 0.5, share: 7}
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert (before.plan.recipe, before.knobs) == (form.plan.recipe, {temperature: 0.5, share: 7})
    assert not any(
        value.get("can_start") for value in filled(form.here, before.plan, before) if isinstance(value, dict)
    )


def test_a_recipe_that_lacks_a_value_is_filled_in_as_it_was(database: str) -> None:
    """A part was chosen whose knob nobody has typed yet."""
    form = Form()
    recipe = get("rejection_sampling").model_dump(mode="json")
    recipe["judge"] = parts.defaults("judge", "principled_reward")
    before = restored(form.here, form.plan, json.dumps(form.kept(recipe)))
    assert before is not None
    assert (before.plan.recipe["judge"]["name"], before.left_out) == ("principled_reward", ())
    assert filled(form.here, before.plan, before)[0] is None


def test_what_is_gone_is_left_out_and_named(database: str) -> None:
    form = Form()
    round_ = rows.make_round(form.project, form.base)
    kept = form.kept(judge=form.other.id, sample_sets=[form.sums.id, form.more.id], stop_rules=["former"])
    kept["origin"]["parent_id"] = round_.id
    kept["recipe"] = copy.deepcopy(kept["recipe"]) | {"former": 1}
    kept["knobs"] |= {"former": "1", "judge.younger": "x"}
    with session() as db:
        db.delete(db.get_one(tables.Round, round_.id))
        db.delete(db.get_one(tables.Checkpoint, form.other.id))
        db.delete(db.get_one(tables.PromptSet, form.more.id))
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert before.left_out == (
        "the round that it went on from",
        "Prompt sets",
        "No further round follows when",
        "Judge",
        "former",
        "judge.younger",
    )
    assert (before.plan.judge_id, before.plan.parent_id) == (form.plan.judge_id, None)
    assert before.plan.sample_set_ids == (form.sums.id,)
    told = before.shown()
    assert told["text"].startswith("Restored what you had typed at ")
    assert told["left_out"].endswith("No further round follows when, Judge, former, judge.younger.")


def test_a_recipe_with_a_part_that_is_gone_is_left_out_whole_and_the_other_fields_stay(database: str) -> None:
    form = Form()
    kept = form.kept(is_reviewed=False)
    kept["recipe"] = kept["recipe"] | {"schedule": {"name": "former"}}
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert (before.left_out, before.plan.recipe, before.plan.is_reviewed) == (
        ("the recipe",),
        form.plan.recipe,
        False,
    )


def test_another_projects_ids_are_left_out(database: str) -> None:
    form, other = Form(), Form()
    theirs = rows.make_round(other.project, other.base)
    kept = form.kept(policy=other.base.id, sample_sets=[other.sums.id])
    kept["origin"]["branch_of"] = theirs.id
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert before.left_out == ("the round that it went on from", "Prompt sets", "Policy")
    assert (before.plan.policy_id, before.plan.branch_of) == (form.plan.policy_id, None)


@pytest.mark.parametrize("number", range(7))
def test_what_no_form_kept_is_as_nothing(database: str, number: int) -> None:
    form = Form()
    whole = form.kept()
    wrong: list[Any] = [
        None,
        [],
        "x",
        {"at": AT},
        whole | {"at": -1},
        whole | {"beside": {"seed": {"a": 1}}},
        whole | {"yaml": "\0"},
    ]
    assert restored(form.here, form.plan, json.dumps(wrong[number])) is None


@pytest.mark.parametrize("recipe", ["star", "self_rewarding", "rejection_sampling"])
def test_values_of_a_wrong_kind_in_fields_are_left_out(database: str, recipe: str) -> None:
    """A knob changed its kind with an update; whatever it held cannot make the form fail."""
    form = Form()
    for value in ([1], True, "word", 3, None):
        kept = form.kept(get(recipe).model_dump(mode="json"))
        kept["knobs"] = dict.fromkeys(kept["knobs"], value)
        kept["beside"] = dict.fromkeys(kept["beside"], value)
        before = restored(form.here, form.plan, json.dumps(kept))
        assert before is not None
        filled(form.here, before.plan, before)


def test_a_choice_that_is_gone_is_left_out_of_the_recipe_and_named(database: str) -> None:
    form = Form()
    recipe = get("rejection_sampling").model_dump(mode="json")
    kept = form.kept(recipe, seed=9)
    kept["recipe"] = copy.deepcopy(recipe)
    kept["recipe"]["selector"]["order"] = kept["knobs"]["selector.order"] = "former"
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert before.left_out == ("Selector, Order of the samples (order)",)
    assert (before.plan.recipe, before.knobs, before.beside["seed"]) == (recipe, {}, 9)


@pytest.mark.parametrize("recipe", ["star", "self_rewarding", "rejection_sampling"])
def test_values_of_a_wrong_kind_in_the_recipe_cannot_make_the_form_fail(database: str, recipe: str) -> None:
    form = Form()
    for value in ([1], ["word"], True, "word", 3, {"word": 1}):
        kept = form.kept(get(recipe).model_dump(mode="json"))
        for path, _ in drawn(copy.deepcopy(kept["recipe"])):
            put(kept["recipe"], path, value)
        before = restored(form.here, form.plan, json.dumps(kept))
        assert before is not None
        filled(form.here, before.plan, before)
        for path, knob in drawn(before.plan.recipe):
            assert fits(knob, shown(knob, take(before.plan.recipe, path))), path


STRANGE: tuple[Any, ...] = (None, True, 5, "x", [], [1], ["judge"], [{}], {}, {"name": []}, {"name": "exact_match"})
"""Values that a browser's storage may hold where the recipe has others: it is written by hand, or by another version."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """All places of some JSON but its root."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, held in below:
        yield (*path, name)
        yield from places(held, (*path, name))


@pytest.mark.parametrize("name", ["rejection_sampling", "star", "meta_rewarding"])
def test_a_kept_recipe_with_any_value_at_any_place_is_a_recipe_or_said_to_be_none(name: str) -> None:
    recipe = get(name).model_dump(mode="json")
    for path in places(recipe):
        for value in STRANGE:
            strange = copy.deepcopy(recipe)
            put(strange, path, copy.deepcopy(value))
            with suppress(InvalidInput):
                assert fitting.fitted(strange)[0]["name"] == strange["name"], (path, value)


@pytest.mark.parametrize("value", STRANGE)
def test_a_kept_recipe_whose_step_is_of_no_kind_is_left_out_and_named(database: str, value: Any) -> None:
    form, recipe = Form(), get("star").model_dump(mode="json")
    kept = form.kept(recipe)
    kept["recipe"] = copy.deepcopy(recipe)
    kept["recipe"]["steps"][0]["kind"] = value
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert (before.plan.recipe, before.left_out) == (form.plan.recipe, ("the recipe",))
    assert filled(form.here, before.plan, before)


def test_what_was_typed_before_is_what_a_person_changed(database: str) -> None:
    form = Form()
    keys = [path_key(path) for path, _ in drawn(form.plan.recipe)]
    kept = form.kept(num_prompts=form.plan.num_prompts + 1)
    kept["knobs"][next(key for key in keys if key.endswith("temperature"))] = 0.25
    before = restored(form.here, form.plan, json.dumps(kept))
    assert before is not None
    assert before.began == form.plan
    [estimate] = [
        value for value in filled(form.here, before.plan, before) if isinstance(value, dict) and "mine" in value
    ]
    assert [line.split(":")[0] for line in estimate["mine"]] == ["Generator, Temperature", "Number of prompts"]
