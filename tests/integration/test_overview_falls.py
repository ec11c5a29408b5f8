"""The overview compares a round with those it comes from: what is a fall, and what it recommends then."""

import pytest

from backend.services import rounds
from backend.services.projects import overview
from backend.services.results import starts
from backend.services.results.accuracies import MeasuredNumber, is_worse
from tests import rows
from tests.integration.measured import finish, measure

pytestmark = pytest.mark.usefixtures("database")


def test_a_significant_fall_leads_back_to_the_best_round() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, better = finish(project, base)
    measure(first, base.id, 0.43)
    measure(first, better.id, 0.60)
    second, worse = finish(project, better, parent_id=first.id)
    measure(second, worse.id, 0.45)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("restart", first.id)
    assert action.label == "Start round 3 from round 1"
    assert action.why.endswith("more than chance explains. " + starts.AFTER_A_FALL), "and what helps is said beside"


def test_a_fall_within_chance_goes_on() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, better = finish(project, base)
    measure(first, better.id, 0.60)
    second, other = finish(project, better, parent_id=first.id)
    measure(second, other.id, 0.58)
    assert overview.loop(actor, project.id).next_action.parent_id == second.id


def test_a_fall_on_the_same_prompts_is_tested_prompt_by_prompt() -> None:
    """From 48.2 to 42.2 % of 400 prompts: within the two intervals, and yet 36 newly wrong against 12 newly right."""
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, result = finish(project, base)
    was = set(range(193))
    now = (was - set(range(36))) | set(range(300, 312))
    everything = set(range(400))
    for checkpoint, right in ((base, was), (result, now)):
        measure(first, checkpoint.id, len(right) / 400, right=sorted(right), wrong=sorted(everything - right))
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", f"new-round?base={base.id}")
    assert "36 are newly wrong and 12 newly right" in action.why
    plan = rounds.defaults(actor, project.id)
    assert (plan.policy_id, plan.parent_id) == (base.id, None), "the form starts where the overview says"


def test_a_small_fall_on_the_same_prompts_is_said_and_goes_on() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, checkpoint = finish(project, base)
    measure(first, base.id, 0.5, right=list(range(50)), wrong=list(range(50, 100)), n=100)
    measure(first, checkpoint.id, 0.48, right=list(range(2, 50)), wrong=[0, 1, *range(50, 100)], n=100)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", first.id)
    assert "below the 50.0%" in action.why
    assert rounds.defaults(actor, project.id).parent_id == first.id


def test_a_measurement_that_does_not_name_all_its_prompts_is_compared_by_the_intervals() -> None:
    """Earlier versions named no prompt whose answer could not be read: the 30 that were lost would not show."""
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, checkpoint = finish(project, base)
    measure(first, base.id, 0.6, spread=0.1, right=list(range(60)), wrong=list(range(60, 100)), n=100)
    measure(first, checkpoint.id, 0.3, spread=0.1, right=list(range(30)), wrong=list(range(60, 100)), n=100)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", f"new-round?base={base.id}")
    assert "more than chance explains. With the same settings" in action.why


def test_each_base_has_its_own_line_and_is_named() -> None:
    project = rows.make_project()
    actor, checkpoint, two = rows.make_actor(project), rows.make_checkpoint(project), rows.make_checkpoint(project)
    finish(project, checkpoint)
    second, worse = finish(project, two)
    measure(second, two.id, 0.60)
    measure(second, worse.id, 0.30)
    loop = overview.loop(actor, project.id)
    assert [(line.number, line.checkpoint) for line in loop.lines[:2]] == [(0, checkpoint.name), (0, two.name)]
    assert [line.policy_id for line in loop.rounds] == [checkpoint.id, two.id]
    assert loop.next_action.target == f"new-round?base={two.id}"
    assert two.name in loop.next_action.label
    assert rounds.defaults(actor, project.id).policy_id == two.id
    assert rounds.defaults(actor, project.id, base_id=checkpoint.id).policy_id == checkpoint.id
    from app.widgets import charts

    assert next(line.checkpoint_id for line in charts.lineage(loop.lines)) == two.id


def test_a_round_did_not_fall_from_what_it_does_not_come_from() -> None:
    """Another base was at 60 %, and so was another branch: this one rose from 15 to 20 %."""
    project = rows.make_project()
    actor, checkpoint, two = rows.make_actor(project), rows.make_checkpoint(project), rows.make_checkpoint(project)
    first, good = finish(project, checkpoint)
    measure(first, checkpoint.id, 0.50)
    measure(first, good.id, 0.60)
    second, small = finish(project, two)
    measure(second, two.id, 0.15)
    measure(second, small.id, 0.20)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", second.id)
    assert "60.0%" not in action.why
    branch, better = finish(project, small, parent_id=second.id)
    measure(branch, better.id, 0.70)
    third, beside = finish(project, small, parent_id=second.id)
    measure(third, beside.id, 0.22)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", third.id)
    fourth, worse = finish(project, beside, parent_id=third.id)
    measure(fourth, worse.id, 0.05)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("restart", third.id), "the best of its own line"
    assert "from 22.0% (round 4) to 5.0%" in action.why


def test_a_checkpoint_without_an_accuracy_is_not_called_measured() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, checkpoint = finish(project, base)
    measure(first, base.id, 0.43)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", first.id)
    assert action.why == f"Round 1 made the checkpoint {checkpoint.name}, which has no held-out accuracy."
    measure(first, checkpoint.id, 0.60)
    assert overview.loop(actor, project.id).next_action.why == (
        f"Round 1 is done and its checkpoint {checkpoint.name} is measured."
    )


def test_is_worse_compares_the_fall_with_both_errors() -> None:
    # Standard errors 0.0255 each, so a fall of more than 1.96 * 0.0361 = 0.0707 counts.
    old = MeasuredNumber(0.60, 0.55, 0.65, 400)
    assert not is_worse(MeasuredNumber(0.535, 0.485, 0.585, 400), old)
    assert is_worse(MeasuredNumber(0.525, 0.475, 0.575, 400), old)
