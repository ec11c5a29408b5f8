"""What the fields of a new round show of a plan."""

from dataclasses import replace

from app.pages.new_round.estimates import changed
from app.widgets import round_form
from app.widgets.context import Context
from backend.services import rounds
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


def test_fields_beside_the_recipe_that_differ_from_the_round_before_are_named(database: str) -> None:
    """Beside Launch; the seed and the policy always do."""
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    sums, more = rows.make_prompt_set(project), rows.make_prompt_set(project)
    before = rows.make_round(project, base, sets=[sums])
    here = Context(rows.make_actor(project, Role.curator), project.id, "", None)
    plan = rounds.defaults(here.actor, project.id, before.id)
    others = [("round 1", plan.recipe)]
    assert changed(here, plan, others) == {"compared": [{"name": "round 1", "lines": [], "same": True}]}
    other = replace(plan, num_prompts=6, is_reviewed=not plan.is_reviewed, judge_id=base.id, sample_set_ids=(more.id,))
    (compared,) = changed(here, other, others)["compared"]
    had, has = ("yes", "no") if plan.is_reviewed else ("no", "yes")
    assert compared["lines"] == [
        f"Prompt sets: {more.name} (round 1 has {sums.name})",
        f"Number of prompts: 6 (round 1 has {plan.num_prompts})",
        f"People review: {has} (round 1 has {had})",
        f"Judge: {base.name} (round 1 has the policy itself)",
    ]
