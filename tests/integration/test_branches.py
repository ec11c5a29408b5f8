"""Branches: rounds that judge, select or train the rows of another one, and sample nothing again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli.commands import app
from app.pages.jobs import ways_out
from backend.config import reread
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline import bind
from backend.pipeline.health import Light
from backend.pipeline.health.evidence import gather
from backend.services import judge_health, plans, reviews, rounds, samples
from backend.services.people import accounts
from backend.services.plans import branches
from backend.services.rounds import reselect
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration import site
from tests.integration.loop import JUDGE, Loop, dying, meta_rewarding, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_judge_hold import Judged

FAIR = {
    "name": "scripted",
    "rules": [{"pattern": "The sum is 1", "reply": "6 * 7 = 42;Y"}, {"pattern": "The sum is", "reply": "6 * 7 = 41;N"}],
}
"""A judge that says yes to 1 alone."""


def texts_of(round_id: int) -> list[tuple[Any, ...]]:
    sample, group, label = tables.Sample, tables.Group, tables.Label
    with reading() as db:
        query = (
            select(group.position, sample.step, sample.kind, sample.position, sample.text, label.source, label.verdict)
            .join(group, group.id == sample.group_id)
            .join(label, label.sample_id == sample.id)
            .where(sample.round_id == round_id)
            .order_by(group.position, sample.step, sample.kind, sample.position)
        )
        return [tuple(row) for row in db.execute(query)]


def test_a_branch_judges_the_same_texts_with_another_judge_and_trains_on_them(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Judged(tiny)
    loop.decide(40, "1")
    held = loop.close()
    assert held.status is RoundStatus.held
    fair = rows.make_checkpoint(loop.project, engine=FAIR)
    plan = plans.branch(loop.actor, loop.round_id, "judge")
    assert (plan.branch_of, plan.branch_step) == (loop.round_id, 2)
    estimate = rounds.estimate(loop.actor, loop.project.id, plan)
    assert (estimate.samples, estimate.judge_calls) == (0, 40)
    assert estimate.warnings[0].startswith("A branch of round 1: its 40 texts and what was said of them are copied")

    branch = rounds.launch(loop.actor, loop.project.id, replace(plan, judge_id=fair.id, is_reviewed=False))
    with dying(monkeypatch) as kills:
        assert loop.run(branch).stage is Stage.train
    assert kills[0] > 3
    again = rounds.launch(loop.actor, loop.project.id, replace(plan, judge_id=fair.id, is_reviewed=False))
    assert loop.run(again).status is RoundStatus.running
    assert rows_of_round(again) == rows_of_round(branch), "killed and resumed, the same rows"
    texts = texts_of(branch)
    assert [row[:5] for row in texts] == [row[:5] for row in texts_of(loop.round_id)]
    assert {row[5] for row in texts} == {LabelSource.person}, "people's words stay"
    health = judge_health.of_round(loop.actor, branch)
    kappa = next(measure for measure in health.measures if measure.name == "kappa")
    assert (kappa.number.value, kappa.number.n, health.light is Light.red) == (1.0, 40, False)
    with reading() as db:
        overridden = select(func.count()).where(tables.Label.round_id == branch, tables.Label.is_overridden)
        assert db.scalar(overridden) == 0, "nobody contradicts the new judge"
        asked = select(tables.Job.stage).where(tables.Job.round_id == branch).order_by(tables.Job.id)
        assert list(db.scalars(asked)) == [Stage.generate, Stage.judge, Stage.select, Stage.train]
    done = loop.run(branch, trains=True)
    assert (done.status, done.error, done.branch_of_id, done.branch_step) == (RoundStatus.done, None, loop.round_id, 2)
    assert (done.parent_id, done.counts["samples"], done.counts["judgments"]) == (held.parent_id, 40, 40)
    kept = [row["completion"][-1]["content"] for rows_ in rows_of_round(branch)["rows"].values() for row in rows_]
    assert kept
    assert set(kept) == {"The sum is 1"}, "what people and the new judge accept"
    assert rounds.get(loop.actor, loop.round_id).status is RoundStatus.held, "the first round is as it was"


def test_a_round_that_was_trained_on_selects_again_as_a_branch(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    done = loop.run(loop.round_id, trains=True)
    assert done.status is RoundStatus.done
    job_id = reselect.reselect(loop.actor, loop.round_id, {"threshold": 2.0})
    with reading() as db:
        branch = db.get_one(tables.Job, job_id).round_id
    assert branch != loop.round_id
    row = loop.run(branch)
    assert (row.branch_of_id, row.branch_step) == (loop.round_id, 3)
    assert row.recipe["selector"]["threshold"] == 2.0
    assert (row.status, row.error is None) == (RoundStatus.review, False), "nothing reaches it, so people may decide"
    assert rows_of_round(branch)["said"] == rows_of_round(loop.round_id)["said"], "judgments are copied"
    accounts.local_owner()
    asked = ["round", "select", "1", "--set", "threshold=0.5", "--project", str(loop.project.id), "--json"]
    reply = CliRunner().invoke(app, asked)
    assert reply.exit_code == 0, reply.output
    shown = json.loads(reply.stdout)
    assert (shown["number"], shown["branch_of_id"], shown["status"]) == (3, loop.round_id, "running")


def test_a_branch_trains_the_same_rows_otherwise_and_another_machine_loads_what_it_made(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONDO_FILES_URL", f"file://{tmp_path}/shared")
    reread()
    loop = Judged(tiny)
    loop.close()
    loop.run(loop.round_id, trains=True)
    plan = plans.branch(loop.actor, loop.round_id, "train")
    recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": 1}}
    branch = rounds.launch(loop.actor, loop.project.id, replace(plan, recipe=recipe))
    done = loop.run(branch, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    assert rows_of_round(branch)["rows"] == rows_of_round(loop.round_id)["rows"]
    assert rows_of_round(branch)["kept"] == rows_of_round(loop.round_id)["kept"]
    first = rounds.get(loop.actor, loop.round_id)
    assert done.counts == first.counts
    assert done.checkpoint_id != first.checkpoint_id
    assert done.checkpoint_id is not None
    monkeypatch.setenv("RONDO_DATA_DIR", f"{tmp_path}/other")
    reread()
    with bind.engine_for(done.checkpoint_id) as engine:
        assert len(engine.read([[{"role": "user", "content": "prompt a"}]], ["4"])) == 1


def test_a_round_that_failed_in_its_training_has_branches_that_train(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    job = loop.waiting(loop.round_id)
    assert job is not None
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    with session() as db:
        transitions.fail(db, job.id, attempt, error="Out of memory.", traceback="", is_final=True)
    assert rounds.get(loop.actor, loop.round_id).status is RoundStatus.failed
    offered = reselect.stopped(loop.actor, loop.round_id, job_id=job.id)
    assert offered is not None
    assert offered.branches == ("judge", "select", "train")
    assert ways_out.links(offered)[2]["target"] == f"new-round?branch={loop.round_id}&at=train"
    plan = plans.branch(loop.actor, loop.round_id, "train")
    made_of = rounds.launch(loop.actor, loop.project.id, plan)
    done = loop.run(made_of, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    assert rows_of_round(made_of)["rows"] == rows_of_round(loop.round_id)["rows"]


def test_a_round_that_failed_before_a_step_says_how_it_comes_there(tiny: Path) -> None:
    loop = Judged(tiny)
    with session() as db:
        row = db.get_one(tables.Round, loop.round_id)
        row.status, row.stage, row.step = RoundStatus.failed, Stage.judge, 2
        assert branches.offered(db, row) == ["judge"]
        assert "has not done the steps before Step 5" in str(branches.refusal(db, row, 4))
        assert "Let its job go on, on the page Jobs" in str(branches.refusal(db, row, 4))


def test_questions_about_texts_and_judgments_of_several_steps_are_copied(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(meta_rewarding(), JUDGE, tiny)
    first = loop.launch()
    loop.run(first)
    plan = plans.branch(loop.actor, first, "select")
    assert plan.branch_step == 6
    with dying(monkeypatch):
        branch = rounds.launch(loop.actor, loop.project.id, plan)
        loop.run(branch)
    assert rows_of_round(branch) == rows_of_round(first), "the same knobs make the same rows from the copies"
    group, sample = tables.Group, tables.Sample
    with reading() as db:
        about = select(sample.round_id).join(group, group.parent_id == sample.id).where(group.round_id == branch)
        assert set(db.scalars(about)) == {branch}, "copies are about copies"


def test_what_a_branch_cannot_be(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    plan = plans.branch(loop.actor, loop.round_id, "judge")
    launch = rounds.launch
    for change, reason in (
        ({"seed": 9}, "The seed of a branch is that of round 1"),
        ({"num_prompts": 5}, "The number of prompts of a branch"),
        ({"policy_id": loop.base.id}, "The policy of a branch"),
        ({"branch_step": None}, "A branch names the step"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            launch(loop.actor, loop.project.id, replace(plan, **change))
    fair = rows.make_checkpoint(loop.project, "fair", engine=FAIR)
    selecting = replace(plan, branch_step=3)
    with pytest.raises(InvalidInput, match="The judge of a branch from step 4 on is that of round 1"):
        launch(loop.actor, loop.project.id, replace(selecting, judge_id=fair.id))
    launch(loop.actor, loop.project.id, replace(selecting, reference_id=loop.policy.id))
    generator = plan.recipe["generator"] | {"n": 2}
    with pytest.raises(InvalidInput, match="Step 2 differs from that of round 1"):
        launch(loop.actor, loop.project.id, replace(plan, recipe=plan.recipe | {"generator": generator}))
    for step, reason in ((1, "Nothing is sampled before step 2"), (9, "has no step 10")):
        with pytest.raises(Conflict, match=reason):
            launch(loop.actor, loop.project.id, replace(plan, branch_step=step))
    with pytest.raises(Conflict, match="has not done the steps before Step 3"):
        plans.branch(loop.actor, loop.launch(), "judge")
    with pytest.raises(NotFound):
        launch(loop.actor, loop.project.id, replace(plan, branch_of=10**6))
    with pytest.raises(InvalidInput, match="A branch begins at judge, select, train"):
        plans.branch(loop.actor, loop.round_id, "sample")
    with pytest.raises(PermissionDenied):
        launch(rows.make_actor(loop.project, Role.reviewer), loop.project.id, plan)
    stranger = rows.make_project()
    with pytest.raises((NotFound, InvalidInput)):
        launch(rows.make_actor(stranger), stranger.id, plan)


def test_nothing_branches_off_a_round_that_people_have_yet_to_decide_on(tiny: Path) -> None:
    loop = Judged(tiny)
    settled = Judged(tiny)
    settled.close()
    plan = plans.branch(settled.actor, settled.round_id, "judge")
    plan = replace(plan, sample_set_ids=(loop.prompts.id,), reference_id=loop.base.id)
    for at in ("judge", "select"):
        with pytest.raises(Conflict, match="People have yet to decide on round 1"):
            plans.branch(loop.actor, loop.round_id, at)
    launched = replace(plan, policy_id=loop.policy.id, branch_of=loop.round_id)
    with pytest.raises(Conflict, match="People have yet to decide on round 1"):
        rounds.launch(loop.actor, loop.project.id, launched)
    with session() as db:
        ahead = db.get_one(tables.Round, loop.round_id)
        assert branches.offered(db, ahead) == []
        ahead.status, ahead.stage, ahead.step = RoundStatus.running, Stage.judge, 2
        assert "People have yet to decide" in (branches.refusal(db, ahead, 2) or "")
        ahead.status, ahead.stage, ahead.step = RoundStatus.review, Stage.review, 3
    reviewer = rows.make_actor(loop.project, Role.reviewer)
    assert {row.score for row in samples.page(reviewer, loop.round_id).rows} == {None}, "what the review hides"


def test_what_people_decide_in_a_branch_is_not_blind(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    branch = rounds.launch(loop.actor, loop.project.id, plans.branch(loop.actor, loop.round_id, "judge"))
    assert loop.run(branch).status is RoundStatus.review
    loop.decide(40, "1", round_id=branch)
    with reading() as db:
        selection = select(tables.Decision.is_blind).where(tables.Decision.round_id == branch)
        assert set(db.scalars(selection)) == {False}, "its labels can be read in the round it comes from"
        assert gather(db, db.get_one(tables.Round, branch)).witnesses == ()


def test_a_branch_that_trains_is_held_as_its_origin_was(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.decide(40, "1", is_random=False)
    held = loop.close()
    assert held.status is RoundStatus.held
    branch = rounds.launch(loop.actor, loop.project.id, plans.branch(loop.actor, loop.round_id, "train"))
    again = loop.run(branch)
    assert (again.status, again.stage, again.hold["said"]) == (RoundStatus.held, Stage.train, held.hold["said"])
    reselect.reselect(loop.actor, branch, {"threshold": 0.1})
    selected = loop.run(branch)
    assert (selected.status, selected.recipe["selector"]["threshold"]) == (RoundStatus.held, 0.1)


def test_scores_of_another_scale_are_copied_as_verdicts_and_decided_items_stay_decided(tiny: Path) -> None:
    loop = Judged(tiny, review={"num_reviewers_per_item": 2})
    with reading() as db:
        first, second = db.scalars(
            select(tables.Sample.id).where(tables.Sample.round_id == loop.round_id).order_by(tables.Sample.id).limit(2)
        )
    ann = rows.make_actor(loop.project, Role.reviewer)
    for actor in (loop.actor, ann):
        act = reviews.Act(f"score-{actor.user_id:06}", DecisionKind.score, first, score=0.7)
        reviews.decide_many(actor, loop.round_id, [act])
    reviews.decide_many(ann, loop.round_id, [reviews.Act("reject-000001", DecisionKind.reject, second)])
    loop.close()
    plan = replace(plans.branch(loop.actor, loop.round_id, "judge"), is_reviewed=True)
    same = rounds.launch(loop.actor, loop.project.id, plan)
    stricter = plan.recipe | {"judge": plan.recipe["judge"] | {"accept_at": 0.9}}
    other = rounds.launch(loop.actor, loop.project.id, replace(plan, recipe=stricter))
    for branch, kind, score in ((same, DecisionKind.score, 0.7), (other, DecisionKind.accept, None)):
        assert loop.run(branch).status is RoundStatus.review
        decision, label, lease = tables.Decision, tables.Label, tables.Lease
        with reading() as db:
            selection = select(decision.kind, decision.score).where(decision.round_id == branch).order_by(decision.id)
            assert [tuple(row) for row in db.execute(selection)] == [(kind, score)] * 2 + [(DecisionKind.reject, None)]
            mine = select(label.verdict, label.score, label.machine_score).where(label.round_id == branch)
            verdict, own, machine = db.execute(mine.order_by(label.sample_id).limit(1)).one()
            assert verdict is Verdict.accept
            assert own == (machine if score is None else score)
            slots = select(lease.user_id, lease.decided_at.is_not(None)).where(lease.round_id == branch)
            taken = [tuple(row) for row in db.execute(slots.order_by(lease.sample_id, lease.slot))]
        assert sorted(taken[:2]) == sorted([(loop.actor.user_id, True), (ann.user_id, True)])
        assert taken[2:] == [(ann.user_id, True), (None, False)]


def test_a_branch_whose_rows_are_not_copied_has_no_branches(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    plan = replace(plans.branch(loop.actor, loop.round_id, "select"), is_reviewed=False)
    branch = rounds.launch(loop.actor, loop.project.id, plan)
    with pytest.raises(Conflict, match="not copied yet"):
        plans.branch(loop.actor, branch, "select")
    loop.run(branch)
    assert plans.branch(loop.actor, branch, "select").branch_of == branch


def test_a_branch_is_launched_by_a_program_and_on_the_command_line(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    fair = rows.make_checkpoint(loop.project, "fair", engine=FAIR)
    unsampled = loop.launch()
    with site.with_token(rows.make_actor(loop.project, Role.curator)) as client:
        answer = client.post(
            f"/api/v1/rounds/{loop.round_id}/branch",
            json={"at": "judge", "judge_id": fair.id, "changes": {"judge": {"votes": 2}}, "is_reviewed": False},
        )
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert (body["branch_of_id"], body["branch_step"], body["judge_id"]) == (loop.round_id, 2, fair.id)
        assert body["recipe"]["judge"]["votes"] == 2
        too_early = client.post(f"/api/v1/rounds/{unsampled}/branch", json={"at": "train"})
        assert (too_early.status_code, "has not done the steps" in too_early.text) == (409, True)
    accounts.local_owner()
    asked = ["round", "branch", "1", "--judge", "fair", "--set", "judge.votes=3", "--no-review", "--json"]
    reply = CliRunner().invoke(app, [*asked, "--project", str(loop.project.id)])
    assert reply.exit_code == 0, reply.output
    made_by_hand = json.loads(reply.stdout)
    assert (made_by_hand["number"], made_by_hand["branch_of_id"]) == (4, loop.round_id)
    assert rounds.get(loop.actor, made_by_hand["id"]).recipe["judge"]["votes"] == 3
