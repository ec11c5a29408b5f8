"""What the fields of a new round show of a plan."""

from app.widgets import round_form
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
