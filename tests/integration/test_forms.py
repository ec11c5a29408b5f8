"""What is typed into a round's form is what the round keeps."""

from typing import Any

import pytest

from app import forms
from app.widgets import round_form
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.recipes import parts
from backend.values import Split
from tests import rows
from tests.drawing import drawing
from tests.event_loops import in_event_loop

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


@in_event_loop
def drawn(recipe: dict[str, Any]) -> tuple[forms.Form, list[Any]]:
    """The recipe's form and what an untouched page sends back."""
    form = forms.Form(start=recipe)
    with drawing():
        for slot, kind in parts.SLOT_KINDS.items():
            (forms.draw_parts if slot == "metrics" else forms.draw_part)(form, (slot,), kind, slot)
        forms.draw_knobs(form, (), parts.recipe_knobs())
    return form, [field.input.value for field in form.fields]


def set_up() -> tuple[Any, ...]:
    project = rows.make_project()
    checkpoint = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    train, held_out = rows.make_prompt_set(project), rows.make_prompt_set(project, split=Split.held_out)
    return rows.make_actor(project), project, checkpoint, train, held_out


def test_a_launched_round_keeps_what_was_typed() -> None:
    actor, project, checkpoint, train, held_out = set_up()
    plan = rounds.defaults(actor, project.id)
    form, values = drawn(plan.recipe)
    values[[field.path for field in form.fields].index(("generator", "n"))] = 5
    typed = [[train.id], [held_out.id], [], 2, 9, checkpoint.id, checkpoint.id, round_form.SELF_JUDGE, False, True]
    typed += [3, ["accuracy_fell"], "vllm"]
    typed += round_form.review_inputs({"num_reviewers_per_item": 3, "mode": "group"})
    recipe = parts.validate(form.read(values))
    round_view = rounds.get(actor, rounds.launch(actor, project.id, round_form.plan_of(recipe, None, typed)))
    assert round_view.recipe == plan.recipe | {"generator": plan.recipe["generator"] | {"n": 5}}
    assert (round_view.num_prompts, round_view.seed, round_view.judge_id, round_view.is_reviewed) == (2, 9, None, False)
    assert (round_view.auto, round_view.engine) == ({"left": 2, "rules": ["accuracy_fell"]}, "vllm")
    assert rounds.again(actor, project.id).engine == "vllm"
    assert (round_view.review["num_reviewers_per_item"], round_view.review["mode"]) == (3, "group")
    assert round_view.review["reservation_minutes"] == 15.0


def test_the_form_is_filled_with_the_plan_and_what_there_is_to_choose_from() -> None:
    actor, project, checkpoint, train, held_out = set_up()
    shown = round_form.filled(actor, project.id, rounds.defaults(actor, project.id))
    sample, held, mix, _, _, policy, reference, judge, *_ = shown
    assert (sample.value, held.value, mix.value) == ([train.id], [held_out.id], [])
    assert (policy.value, reference.value, judge.value) == (checkpoint.id, checkpoint.id, round_form.SELF_JUDGE)


@pytest.mark.parametrize(
    ("place", "typed", "message"),
    [
        (3, 0, "Number of prompts: must be a whole number of at least 1"),
        (3, None, "Number of prompts: must be a number"),
        (3, 2.5, "Number of prompts: must be a whole number"),
        (4, -1, "Seed: must be a whole number of at least 0"),
        (5, None, "Policy: choose a checkpoint"),
        (6, None, "Reference: choose a checkpoint"),
        (10, 0, "Rounds to run: must be a whole number of at least 1"),
        (14, None, r"Review, .*num_reviewers_per_item.*: must be"),
    ],
)
def test_wrong_numbers_are_named(place: int, typed: object, message: str) -> None:
    values: list[Any] = [[1], [2], [], 10, 0, 1, 1, 0, True, True, 1, [], "transformers", *round_form.review_inputs({})]
    values[place] = typed
    with pytest.raises(InvalidInput, match=message):
        round_form.plan_of({}, None, values)
