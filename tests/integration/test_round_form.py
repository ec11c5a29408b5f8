"""What the fields of a new round show of a plan."""

import copy
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from app.pages.new_round.drafts import about_of, recipe_choices
from app.pages.new_round.estimates import changed
from app.pages.new_round.filling import filled
from app.widgets import round_form
from app.widgets.context import Context
from backend import recipes
from backend.services import rounds
from backend.services.rounds import Plan
from backend.values import Role
from tests import rows


def test_a_checkpoint_that_cannot_be_chosen_is_not_shown_as_chosen(database: str) -> None:
    """The last round's policy is served by now, or was never trainable: its field is empty, the others keep theirs."""
    project = rows.make_project()
    base = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    served = rows.make_checkpoint(project)
    rows.make_round(project, served, sets=[rows.make_prompt_set(project)], judge_id=served.id, reference_id=base.id)
    actor = rows.make_actor(project, Role.curator)
    plan = rounds.again(actor, project.id)
    assert (plan.policy_id, plan.reference_id, plan.judge_id) == (served.id, base.id, served.id)
    shown = round_form.filled(actor, project.id, plan)
    policy, reference, judge = shown[5:8]
    assert (policy.value, reference.value, judge.value) == (None, base.id, served.id)


class Form:
    """A project with two prompt sets, and a round to go on from."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.base = rows.make_checkpoint(self.project)
        self.sums, self.more = rows.make_prompt_set(self.project), rows.make_prompt_set(self.project)
        self.before = rows.make_round(self.project, self.base, sets=[self.sums])
        self.here = Context(rows.make_actor(self.project, Role.curator), self.project.id, "", None)
        self.plan = rounds.defaults(self.here.actor, self.project.id, self.before.id)

    def changed(self, plan: Plan, began: Plan, others: list[tuple[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
        told = changed(self.here, plan, others, began)
        return told["mine"], told["compared"]


def test_what_a_person_changed_stands_first_and_alone(database: str) -> None:
    """The project's own knobs, 3 here, are one line: they do not bury the one that was typed."""
    form = Form()
    recipe = copy.deepcopy(form.plan.recipe)
    recipe["generator"] |= {"temperature": 0.3, "top_p": 0.5}
    recipe["trainer"] |= {"max_steps": 250}
    began = replace(form.plan, recipe=recipe, parent_id=None)
    others = [("the recipe", form.plan.recipe)]
    mine, (compared,) = form.changed(began, began, others)
    assert (mine, compared["same"], len(compared["lines"])) == ([], False, 3)
    assert compared["summary"] == "The form began with 3 settings that differ from the recipe"
    typed = copy.deepcopy(recipe)
    typed["trainer"] |= {"max_steps": 8}
    plan = replace(began, recipe=typed, num_prompts=6, seed=began.seed + 1, policy_id=form.base.id, review={})
    mine, (after,) = form.changed(plan, began, others)
    assert mine == [
        "Trainer, Max steps (max_steps): 8 (was 250)",
        f"Number of prompts: 6 (was {began.num_prompts})",
        f"Seed: {began.seed + 1} (was {began.seed})",
    ]
    assert after == compared, "what the form began with stays as it was"


def test_fields_beside_the_recipe_that_differ_from_the_round_before_are_named(database: str) -> None:
    """Beside Launch; of what the form began with not the seed and the policy, which always differ."""
    form = Form()
    plan, others = form.plan, [("round 1", form.plan.recipe)]
    mine, (compared,) = form.changed(plan, plan, others)
    assert (mine, compared["same"], compared["lines"]) == ([], True, [])
    changes: dict[str, Any] = {"num_prompts": 6, "is_reviewed": not plan.is_reviewed, "judge_id": form.base.id}
    other = replace(plan, sample_set_ids=(form.more.id,), **changes)
    had, has = ("yes", "no") if plan.is_reviewed else ("no", "yes")
    lines = [
        (f"Prompt sets: {form.more.name}", form.sums.name),
        ("Number of prompts: 6", plan.num_prompts),
        (f"People review: {has}", had),
        (f"Judge: {form.base.name}", "the policy itself"),
    ]
    _, (compared,) = form.changed(other, other, others)
    assert compared["lines"] == [f"{line} (round 1 has {value})" for line, value in lines]
    mine, (compared,) = form.changed(other, plan, others)
    assert (mine, compared["lines"]) == ([f"{line} (was {value})" for line, value in lines], [])


def test_whose_checkpoint_acts_and_what_stops_rounds_are_changes_too(database: str) -> None:
    form = Form()
    began = replace(form.plan, recipe=recipes.get("rso").model_dump(mode="json"))
    plan = replace(began, roles={"scorer": form.base.id}, stop_rules=("nothing_kept",))
    mine, _ = form.changed(plan, began, [])
    assert mine == [
        "No further round follows when: nothing_kept (was accuracy_fell, audit_fell, nothing_kept, warning_red)",
        f"role scorer: {form.base.name} (was what an earlier round made, if any)",
    ]
    in_another_order = replace(began, stop_rules=began.stop_rules[::-1], roles={"gone": 1})
    assert form.changed(in_another_order, began, [])[0] == []


@pytest.mark.parametrize("has_round", [False, True])
def test_there_is_no_last_round_to_clone_before_the_first(database: str, has_round: bool) -> None:
    project = rows.make_project()
    policy = rows.make_checkpoint(project)
    if has_round:
        rows.make_round(project, policy, sets=[rows.make_prompt_set(project)])
    here = Context(rows.make_actor(project, Role.curator), project.id, "", None)
    shown = filled(here, rounds.defaults(here.actor, project.id))
    buttons = [output.constructor_args["interactive"] for output in shown if isinstance(output, gr.Button)]
    assert buttons == [has_round, False, False], "clone, launch, preview"


def test_a_recipe_with_knobs_of_its_own_is_called_as_in_the_list() -> None:
    recipe = recipes.get("rejection_sampling").model_dump(mode="json") | {"title": "Ours"}
    name = {value: title for title, value in recipe_choices(recipe, [])}[recipe["name"]]
    assert about_of(recipe)["text"] == name
    assert about_of(recipe | {"name": "mine"})["text"] == "Ours"


def test_a_recipe_with_other_parts_is_called_by_them_beside_the_list() -> None:
    usual = recipes.get("rejection_sampling").model_dump(mode="json")
    other = recipes.get("irpo").model_dump(mode="json") | {"name": usual["name"], "title": usual["title"]}
    assert about_of(other)["text"].startswith(f"{about_of(usual)['text']}, changed: ")
    # A card of the list of recipes has no phases.
    assert about_of({name: usual[name] for name in ("name", "title", "paper")})["text"] == about_of(usual)["text"]
