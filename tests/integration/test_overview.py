"""The overview: one line a round, and one recommended action for every state of the loop."""

from typing import Any

import pytest

from app.widgets.review_answers import progress_json
from backend import jobs
from backend.db import session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import overview, reviews, rounds
from backend.services.access import Actor
from backend.services.loop_lines import Measured, is_worse
from backend.values import JobStatus, LabelSource, Role, RoundStatus, Split, Stage
from tests import rows
from tests.integration.reviewing import ACCEPT, Team

pytestmark = pytest.mark.usefixtures("database")


def measure(
    round_: tables.Round, checkpoint_id: int | None, value: float, *, spread: float = 0.05, n: int = 400, **details: Any
) -> None:
    with session() as db:
        db.add(
            tables.Metric(
                project_id=round_.project_id, round_id=round_.id, checkpoint_id=checkpoint_id, name="held_out_accuracy",
                value=value, low=value - spread, high=value + spread, n=n, details=details,
            )
        )  # fmt: skip


def finish(
    project: tables.Project, policy: tables.Checkpoint, **columns: Any
) -> tuple[tables.Round, tables.Checkpoint]:
    """A done round and the checkpoint it made."""
    made = rows.make_checkpoint(project, parent=policy)
    done = {"status": RoundStatus.done, "stage": Stage.evaluate, "checkpoint_id": made.id}
    return rows.make_round(project, policy, **done | columns), made


def test_a_new_project_is_told_to_import_then_to_register_then_to_launch() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    assert overview.loop(actor, project.id).next_action.kind == "import"
    rows.make_prompt_set(project, split=Split.held_out)
    assert overview.loop(actor, project.id).next_action.kind == "import", "held-out prompts alone start no round"
    rows.make_prompt_set(project)
    assert overview.loop(actor, project.id).next_action.kind == "register"
    rows.make_checkpoint(project)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", "new-round")
    assert overview.loop(actor, project.id).lines == ()


def test_a_running_round_is_watched_and_shows_its_job() -> None:
    project = rows.make_project()
    actor, round_ = rows.make_actor(project), rows.make_round(project)
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=round_.id)
        job.status, job.done, job.total, job.unit = JobStatus.running, 30, 120, "samples"
    loop = overview.loop(actor, project.id)
    assert [line.number for line in loop.lines] == [0, 1]
    line = loop.rounds[0]
    assert (line.samples, line.judged, line.progress and line.progress.share) == (30, None, 0.25)
    assert (loop.next_action.kind, loop.next_action.target) == ("watch", f"jobs?job={job.id}")


def test_a_round_in_review_counts_what_is_left() -> None:
    project = rows.make_project()
    actor, prompts = rows.make_actor(project), rows.make_prompt_set(project, prompts=4)
    counts = {"samples": 8, "judgments": 8}
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.judge, counts=counts)
    samples = rows.make_samples(round_, prompts, scores=[1.0, 0.0])
    with session() as db:
        for sample, is_overridden in ((samples[0], True), (samples[1], False), (samples[2], False)):
            label = db.get_one(tables.Label, sample.id)
            label.source, label.is_overridden = LabelSource.person, is_overridden
        written = db.get_one(tables.Label, samples[3].id)
        written.source, written.kind = LabelSource.person, "edit"
    loop = overview.loop(actor, project.id)
    assert loop.next_action.kind == "review"
    assert loop.next_action.target == f"review?round={round_.id}"
    assert "3 of 7 samples are decided, 4 left" in loop.next_action.why, "what a person wrote is no item"
    assert (loop.rounds[0].decided, loop.rounds[0].overridden, loop.rounds[0].overridden_share) == (3, 1, 1 / 3)
    assert loop.rounds[0].looked_at_share == 3 / 8


def test_a_round_starts_from_no_checkpoint_but_the_projects_own() -> None:
    project, other = rows.make_project(), rows.make_project()
    actor = rows.make_actor(project)
    foreign = rows.make_checkpoint(other)
    for has_rounds in (False, True):
        if has_rounds:
            finish(project, rows.make_checkpoint(project))
        for n in (999, foreign.id):
            with pytest.raises(NotFound, match=f"no checkpoint {n} in this project"):
                rounds.defaults(actor, project.id, base_id=n)


def test_what_lacks_a_second_word_is_left() -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)

    def said() -> tuple[str, list[object]]:
        told = progress_json(reviews.progress(team.who("ann"), team.round.id))
        why = overview.loop(team.curator, team.project.id).next_action.why
        return why.rpartition(": ")[2], [told[name] for name in ("samples", "decided", "remaining")]

    for n in team.ids:
        team.act("ann", n, ACCEPT)
    assert said() == ("0 of 4 samples are decided, 4 left.", [4, 4, 4])
    for n in team.ids[:3]:
        team.act("bob", n, ACCEPT)
    assert said() == ("3 of 4 samples are decided, 1 left.", [4, 4, 1])


def test_a_failed_round_leads_to_its_newest_job() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project, status=RoundStatus.failed, stage=Stage.train, error="The process ended.")
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.train, project_id=project.id, round_id=round_.id)
        job.status, job.active_key = JobStatus.failed, None
    loop = overview.loop(actor, project.id)
    assert (loop.next_action.kind, loop.next_action.target) == ("failed", f"jobs?job={job.id}")
    assert loop.rounds[0].error == "The process ended."


def test_a_done_round_offers_the_next_from_its_checkpoint() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    counts = {"samples": 200, "judgments": 600, "kept": 50, "decided": 80, "overridden": 20}
    round_, made = finish(project, base, counts=counts)
    measure(round_, base.id, 0.43)
    measure(round_, made.id, 0.60)
    loop = overview.loop(actor, project.id)
    first, line = loop.lines
    assert (first.number, first.checkpoint) == (0, base.name)
    assert first.accuracy is not None
    assert (first.accuracy.value, first.accuracy.low, first.accuracy.n) == (0.43, 0.38, 400)
    assert line.accuracy is not None
    assert line.accuracy.value == 0.60
    assert (line.samples, line.judged, line.kept, line.overridden_share, line.kept_share) == (200, 200, 50, 0.25, 0.25)
    assert line.looked_at_share == 0.4
    action = loop.next_action
    assert (action.kind, action.parent_id, action.target) == ("next", round_.id, f"new-round?from={round_.id}")


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
    first, made = finish(project, base)
    was = set(range(193))
    now = (was - set(range(36))) | set(range(300, 312))
    everything = set(range(400))
    for checkpoint, right in ((base, was), (made, now)):
        measure(first, checkpoint.id, len(right) / 400, right=sorted(right), wrong=sorted(everything - right))
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", f"new-round?base={base.id}")
    assert "36 are newly wrong and 12 newly right" in action.why
    plan = rounds.defaults(actor, project.id)
    assert (plan.policy_id, plan.parent_id) == (base.id, None), "the form starts where the overview says"


def test_a_small_fall_on_the_same_prompts_is_said_and_goes_on() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, made = finish(project, base)
    measure(first, base.id, 0.5, right=list(range(50)), wrong=list(range(50, 100)), n=100)
    measure(first, made.id, 0.48, right=list(range(2, 50)), wrong=[0, 1, *range(50, 100)], n=100)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", first.id)
    assert "below the 50.0%" in action.why
    assert rounds.defaults(actor, project.id).parent_id == first.id


def test_a_measurement_that_does_not_name_all_its_prompts_is_compared_by_the_intervals() -> None:
    """Earlier versions named no prompt whose answer could not be read: the 30 that were lost would not show."""
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, made = finish(project, base)
    measure(first, base.id, 0.6, spread=0.1, right=list(range(60)), wrong=list(range(60, 100)), n=100)
    measure(first, made.id, 0.3, spread=0.1, right=list(range(30)), wrong=list(range(60, 100)), n=100)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("launch", f"new-round?base={base.id}")
    assert action.why.endswith("more than chance explains.")


def test_each_base_has_its_own_line_and_is_named() -> None:
    project = rows.make_project()
    actor, one, two = rows.make_actor(project), rows.make_checkpoint(project), rows.make_checkpoint(project)
    finish(project, one)
    second, worse = finish(project, two)
    measure(second, two.id, 0.60)
    measure(second, worse.id, 0.30)
    loop = overview.loop(actor, project.id)
    assert [(line.number, line.checkpoint) for line in loop.lines[:2]] == [(0, one.name), (0, two.name)]
    assert [line.policy_id for line in loop.rounds] == [one.id, two.id]
    assert loop.next_action.target == f"new-round?base={two.id}"
    assert two.name in loop.next_action.label
    assert rounds.defaults(actor, project.id).policy_id == two.id
    assert rounds.defaults(actor, project.id, base_id=one.id).policy_id == one.id
    from app.widgets import charts

    assert next(line.checkpoint_id for line in charts.lineage(loop.lines)) == two.id


def test_a_round_did_not_fall_from_what_it_does_not_come_from() -> None:
    """Another base was at 60 %, and so was another branch: this one rose from 15 to 20 %."""
    project = rows.make_project()
    actor, one, two = rows.make_actor(project), rows.make_checkpoint(project), rows.make_checkpoint(project)
    first, good = finish(project, one)
    measure(first, one.id, 0.50)
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
    first, made = finish(project, base)
    measure(first, base.id, 0.43)
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.parent_id) == ("next", first.id)
    assert action.why == f"Round 1 made the checkpoint {made.name}, which has no held-out accuracy."
    measure(first, made.id, 0.60)
    assert overview.loop(actor, project.id).next_action.why == (
        f"Round 1 is done and its checkpoint {made.name} is measured."
    )


def test_a_cancelled_training_can_be_resumed() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project, status=RoundStatus.cancelled, stage=Stage.train)
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.train, project_id=project.id, round_id=round_.id)
        job.status, job.active_key, job.done, job.total, job.unit = JobStatus.cancelled, None, 30, 120, "steps"
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("resume", f"jobs?job={job.id}")
    assert "cancelled while it was to train, 30 of 120 steps done" in action.why


def test_is_worse_compares_the_fall_with_both_errors() -> None:
    # Standard errors 0.0255 each, so a fall of more than 1.96 * 0.0361 = 0.0707 counts.
    old = Measured(0.60, 0.55, 0.65, 400)
    assert not is_worse(Measured(0.535, 0.485, 0.585, 400), old)
    assert is_worse(Measured(0.525, 0.475, 0.575, 400), old)


def test_a_round_from_an_earlier_one_shows_its_parent() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project), rows.make_checkpoint(project)
    first, made = finish(project, base)
    finish(project, made, parent_id=first.id)
    finish(project, made, parent_id=first.id)
    assert [line.parent for line in overview.loop(actor, project.id).lines] == [None, 0, 1, 1]


def test_a_cancelled_first_round_starts_over_from_the_base() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    rows.make_round(project, status=RoundStatus.cancelled)
    action = overview.loop(actor, project.id).next_action
    assert action.kind == "launch"
    assert action.target.startswith("new-round?base=")


@pytest.mark.parametrize(("role", "kind"), [(Role.viewer, "wait"), (Role.reviewer, "wait"), (Role.curator, "next")])
def test_who_may_not_launch_is_told_who_may(role: Role, kind: str) -> None:
    project = rows.make_project()
    finish(project, rows.make_checkpoint(project))
    action = overview.loop(rows.make_actor(project, role), project.id).next_action
    assert action.kind == kind
    assert kind != "wait" or "a curator can: launch round 2" in action.why


def test_a_stranger_sees_nothing() -> None:
    project = rows.make_project()
    with pytest.raises(NotFound):
        overview.loop(rows.make_actor(), project.id)


def launchable() -> tuple[Actor, tables.Project, tables.Round]:
    """A project whose first round is done and can be followed by another."""
    project = rows.make_project()
    engine = {"engine": {"name": "transformers", "model": "models/base"}}
    base = rows.make_checkpoint(project, **engine)
    made = rows.make_checkpoint(project, parent=base, **engine)
    sets = {"sets": [rows.make_prompt_set(project)], "held_out": [rows.make_prompt_set(project, split=Split.held_out)]}
    done = {"status": RoundStatus.done, "checkpoint_id": made.id}
    return rows.make_actor(project), project, rows.make_round(project, base, **sets, **done)


def test_launching_the_next_round_takes_its_checkpoint() -> None:
    actor, project, first = launchable()
    second = rounds.get(actor, overview.launch_next(actor, project.id, expected=["next", first.id, 1]))
    assert (second.number, second.parent_id, second.policy_id) == (2, first.id, first.checkpoint_id)


def test_a_second_click_launches_nothing() -> None:
    actor, project, first = launchable()
    overview.launch_next(actor, project.id, expected=["next", first.id, 1])
    with pytest.raises(Conflict, match="nothing was launched"):
        overview.launch_next(actor, project.id, expected=["next", first.id, 1])
    assert len(rounds.list_rounds(actor, project.id)) == 2


@pytest.mark.parametrize("role", [Role.viewer, Role.reviewer, Role.curator])
def test_a_waiting_round_is_offered_for_cancelling_to_who_may(role: Role) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    offered = overview.loop(rows.make_actor(project, role), project.id).next_action.cancels_id
    assert offered == (round_.id if role is Role.curator else None)


def test_a_cancelled_review_has_an_end_and_is_cancelled_once() -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    with pytest.raises(PermissionDenied):
        rounds.cancel(rows.make_actor(project, Role.reviewer), round_.id, only_waiting=True)
    rounds.cancel(curator, round_.id, only_waiting=True)
    found = rounds.get(curator, round_.id)
    assert found.status is RoundStatus.cancelled
    assert found.finished_at is not None
    with pytest.raises(Conflict, match="waits for nobody any more"):
        rounds.cancel(curator, round_.id, only_waiting=True)
    with pytest.raises(Conflict, match="nothing to cancel"):
        rounds.cancel(curator, round_.id)


def test_cancelling_a_review_that_was_closed_meanwhile_stops_no_job() -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    reviews.close(curator, round_.id)
    with pytest.raises(Conflict, match="waits for nobody any more"):
        rounds.cancel(curator, round_.id, only_waiting=True)
    assert rounds.get(curator, round_.id).status is RoundStatus.running
    rounds.cancel(curator, round_.id)
    assert rounds.get(curator, round_.id).status is RoundStatus.cancelled
