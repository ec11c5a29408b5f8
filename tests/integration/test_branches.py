"""Branches: rounds that judge, select or train the rows of another one, and sample nothing again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli.commands import app
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.pipeline.health import Light
from backend.services import judge_health, plans, rounds
from backend.services.people import accounts
from backend.services.rounds import reselect
from backend.values import LabelSource, Role, RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.loop import JUDGE, Loop, dying, made, meta_rewarding
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
    said = rounds.estimate(loop.actor, loop.project.id, plan)
    assert (said.samples, said.judge_calls) == (0, 40)
    assert said.warnings[0].startswith("A branch of round 1: its 40 texts and what was said of them are copied")

    branch = rounds.launch(loop.actor, loop.project.id, replace(plan, judge_id=fair.id, is_reviewed=False))
    with dying(monkeypatch) as kills:
        assert loop.run(branch).stage is Stage.train
    assert kills[0] > 3
    again = rounds.launch(loop.actor, loop.project.id, replace(plan, judge_id=fair.id, is_reviewed=False))
    assert loop.run(again).status is RoundStatus.running
    assert made(again) == made(branch), "killed and resumed, the same rows"
    texts = texts_of(branch)
    assert [row[:5] for row in texts] == [row[:5] for row in texts_of(loop.round_id)]
    assert {row[5] for row in texts} == {LabelSource.person}, "people's words stay"
    found = judge_health.of_round(loop.actor, branch)
    kappa = next(one for one in found.measures if one.name == "kappa")
    assert (kappa.number.value, kappa.number.n, found.light is Light.red) == (1.0, 40, False)
    with reading() as db:
        overridden = select(func.count()).where(tables.Label.round_id == branch, tables.Label.is_overridden)
        assert db.scalar(overridden) == 0, "nobody contradicts the new judge"
        asked = select(tables.Job.stage).where(tables.Job.round_id == branch).order_by(tables.Job.id)
        assert list(db.scalars(asked)) == [Stage.generate, Stage.judge, Stage.select, Stage.train]
    done = loop.run(branch, trains=True)
    assert (done.status, done.error, done.branch_of_id, done.branch_step) == (RoundStatus.done, None, loop.round_id, 2)
    assert (done.parent_id, done.counts["samples"], done.counts["judgments"]) == (held.parent_id, 40, 40)
    kept = [row["completion"][-1]["content"] for rows_ in made(branch)["rows"].values() for row in rows_]
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
    assert made(branch)["said"] == made(loop.round_id)["said"], "judgments are copied"
    accounts.local_owner()
    asked = ["round", "select", "1", "--set", "threshold=0.5", "--project", str(loop.project.id), "--json"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    shown = json.loads(told.stdout)
    assert (shown["number"], shown["branch_of_id"], shown["status"]) == (3, loop.round_id, "running")


def test_a_branch_trains_the_same_rows_otherwise(tiny: Path) -> None:
    loop = Judged(tiny)
    loop.close()
    loop.run(loop.round_id, trains=True)
    plan = plans.branch(loop.actor, loop.round_id, "train")
    recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": 1}}
    branch = rounds.launch(loop.actor, loop.project.id, replace(plan, recipe=recipe))
    done = loop.run(branch, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    assert made(branch)["rows"] == made(loop.round_id)["rows"]
    assert made(branch)["kept"] == made(loop.round_id)["kept"]
    first = rounds.get(loop.actor, loop.round_id)
    assert done.counts == first.counts
    assert done.checkpoint_id != first.checkpoint_id


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
    assert made(branch) == made(first), "the same knobs make the same rows from the copies"
    group, sample = tables.Group, tables.Sample
    with reading() as db:
        about = select(sample.round_id).join(group, group.parent_id == sample.id).where(group.round_id == branch)
        assert set(db.scalars(about)) == {branch}, "copies are about copies"


def test_what_a_branch_cannot_be(tiny: Path) -> None:
    loop = Judged(tiny)
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
    generator = plan.recipe["generator"] | {"n": 2}
    with pytest.raises(InvalidInput, match="Step 2 differs from that of round 1"):
        launch(loop.actor, loop.project.id, replace(plan, recipe=plan.recipe | {"generator": generator}))
    for step, reason in ((1, "Nothing is sampled before step 2"), (9, "has no step 10"), (4, "has not done the steps")):
        with pytest.raises(Conflict, match=reason):
            launch(loop.actor, loop.project.id, replace(plan, branch_step=step))
    with pytest.raises(NotFound):
        launch(loop.actor, loop.project.id, replace(plan, branch_of=10**6))
    with pytest.raises(InvalidInput, match="A branch begins at judge, select, train"):
        plans.branch(loop.actor, loop.round_id, "sample")
    with pytest.raises(PermissionDenied):
        launch(rows.make_actor(loop.project, Role.reviewer), loop.project.id, plan)
    stranger = rows.make_project()
    with pytest.raises((NotFound, InvalidInput)):
        launch(rows.make_actor(stranger), stranger.id, plan)


def test_a_branch_is_launched_by_a_program_and_on_the_command_line(tiny: Path) -> None:
    loop = Judged(tiny)
    fair = rows.make_checkpoint(loop.project, "fair", engine=FAIR)
    with site.with_token(rows.make_actor(loop.project, Role.curator)) as client:
        answer = client.post(
            f"/api/v1/rounds/{loop.round_id}/branch",
            json={"at": "judge", "judge_id": fair.id, "changes": {"judge": {"votes": 2}}, "is_reviewed": False},
        )
        assert answer.status_code == 201, answer.text
        found = answer.json()
        assert (found["branch_of_id"], found["branch_step"], found["judge_id"]) == (loop.round_id, 2, fair.id)
        assert found["recipe"]["judge"]["votes"] == 2
        too_early = client.post(f"/api/v1/rounds/{loop.round_id}/branch", json={"at": "train"})
        assert (too_early.status_code, "has not done the steps" in too_early.text) == (409, True)
    accounts.local_owner()
    asked = ["round", "branch", "1", "--judge", "fair", "--set", "judge.votes=3", "--no-review", "--json"]
    told = CliRunner().invoke(app, [*asked, "--project", str(loop.project.id)])
    assert told.exit_code == 0, told.output
    made_by_hand = json.loads(told.stdout)
    assert (made_by_hand["number"], made_by_hand["branch_of_id"]) == (3, loop.round_id)
    assert rounds.get(loop.actor, made_by_hand["id"]).recipe["judge"]["votes"] == 3
