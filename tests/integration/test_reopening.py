"""A closed review that is opened again: people decide anew, and what was made of the labels before stays and is stale."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

import migrations
from app.widgets.closing_lines import KEPT, closing_lines
from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, LabelsFrozen, PermissionDenied
from backend.services import audit, datasets, notices, reviews, rounds
from backend.services.held_out import compared
from backend.services.plans import branch
from backend.services.plans.checks import phase_of
from backend.services.reviews import close_rules, reopening
from backend.values import DatasetType, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team


def ended(team: Team, status: RoundStatus, *, is_trained: bool) -> int:
    """Let the round stand there with a frozen dataset; return the dataset's id."""
    stage = Stage.evaluate if is_trained else Stage.train
    checkpoint_id = rows.make_checkpoint(team.project, "made").id if is_trained else None
    with session() as db:
        columns = {"status": status, "stage": stage, "step": 4, "checkpoint_id": checkpoint_id}
        db.execute(update(tables.Round).where(tables.Round.id == team.round.id).values(**columns))
    entry = team.samples[0]
    example = {"prompt_id": entry.prompt_id, "sample_id": entry.id}
    return rows.make_dataset(team.round, DatasetType.prompt_completion, [example]).id


def row(team: Team) -> tables.Round:
    with reading() as db:
        return db.get_one(tables.Round, team.round.id)


def test_a_done_round_is_decided_anew_and_keeps_what_was_made(database: str) -> None:
    rows.make_user(is_owner=True)
    team = Team(prompts=2, close_rule="all_decided")
    for n in team.ids:
        team.act("ann", n, ACCEPT)
    dataset_id = ended(team, RoundStatus.done, is_trained=True)
    with pytest.raises(LabelsFrozen):
        team.act("bob", team.ids[0], REJECT)
    with pytest.raises(InvalidInput, match="needs a reason"):
        reopening.reopen(team.curator, team.round.id, reason=" ")
    with pytest.raises(PermissionDenied):
        reopening.reopen(team.who("ann"), team.round.id, reason="wrong guidelines")
    reopening.reopen(team.curator, team.round.id, reason="wrong guidelines")
    with pytest.raises(Conflict, match="in review already"):
        reopening.reopen(team.curator, team.round.id, reason="again")
    assert datasets.list_datasets(team.curator, team.project.id)[0].stale_at is not None
    assert [entry.text for entry in notices.listing(team.who("ann")).entries] == [
        f"{team.curator.name} opened the review of round 1 again: wrong guidelines"
    ]
    assert close_rules.close_due() == [], "all is decided, and was when it was opened again"
    done = team.act("ann", team.ids[0], REJECT)
    assert not done.decision.is_blind, "its labels could be seen meanwhile"
    assert closing_lines(reviews.closing(team.curator, team.round.id))[-1] == KEPT
    assert reviews.close(team.curator, team.round.id) is None
    after = row(team)
    assert (after.status, after.stage, after.step) == (RoundStatus.done, Stage.evaluate, 4)
    assert after.reopened["reason"] == "wrong guidelines"
    assert "closed_at" in after.reopened
    assert team.label(team.ids[0])[0] is Verdict.reject
    with reading() as db:
        assert db.get_one(tables.Dataset, dataset_id).num_examples == 1
    verbs = [entry.verb for entry in audit.listing(team.curator, team.project.id).entries]
    assert verbs.index("close review") < verbs.index("reopen review")
    plan = branch(team.curator, team.round.id, "select")
    assert plan.branch_of == team.round.id, "a branch can select by the labels of now"


def test_a_held_round_selects_anew_when_its_review_closes(database: str) -> None:
    team = Team(prompts=1)
    dataset_id = ended(team, RoundStatus.held, is_trained=False)
    reopening.reopen(team.curator, team.round.id, reason="the judge's light is red")
    team.act("ann", team.ids[0], REJECT)
    assert reviews.close(team.curator, team.round.id)
    assert (row(team).status, row(team).stage) == (RoundStatus.running, Stage.select)
    with reading() as db:
        assert db.get(tables.Dataset, dataset_id) is None, "no training read it, and it is made anew"
    with pytest.raises(Conflict, match="is running"):
        reopening.reopen(team.curator, team.round.id, reason="again")


def test_a_reopened_done_round_is_not_cancelled_and_stands_where_it_stood(database: str) -> None:
    team = Team(prompts=1)
    ended(team, RoundStatus.done, is_trained=True)
    hold, at = {"reason": "the light was looked into"}, now()
    with session() as db:
        change = update(tables.Round).where(tables.Round.id == team.round.id)
        db.execute(change.values(hold=hold, finished_at=at))
    reopening.reopen(team.curator, team.round.id, reason="wrong guidelines")
    assert row(team).finished_at is None
    with pytest.raises(Conflict, match="Close the review"):
        rounds.cancel(team.curator, team.round.id)
    counting: Any = SimpleNamespace(name=team.round.recipe["name"], phase_of=int)
    with reading() as db:
        assert phase_of(db, counting, team.round.id) == 1, "it is done, whoever decides on it again"
    sides = compared.sides(team.curator, team.project.id)
    assert [side.status for side in sides if side.round_id == team.round.id] == [RoundStatus.done]
    assert reviews.close(team.curator, team.round.id) is None
    assert (row(team).hold, row(team).finished_at) == (hold, at)


def test_a_review_is_not_reopened_while_a_branch_reads_its_labels(database: str) -> None:
    team = Team(prompts=1)
    ended(team, RoundStatus.done, is_trained=True)
    other = rows.make_round(team.project, number=2)
    with session() as db:
        change = update(tables.Round).where(tables.Round.id == other.id)
        db.execute(change.values(branch_of_id=team.round.id))
    with session() as db:
        place = {"project_id": team.project.id, "round_id": other.id}
        job = jobs.enqueue(db, stage=Stage.select, created_by=team.curator.user_id, step=3, **place)
    with pytest.raises(Conflict, match="Round 2 branches off round 1"):
        reopening.reopen(team.curator, team.round.id, reason="wrong guidelines")
    with session() as db:
        db.execute(update(tables.Job).where(tables.Job.id == job.id).values(stage=Stage.train))
    reopening.reopen(team.curator, team.round.id, reason="wrong guidelines")


def test_a_reopened_done_round_is_done_again_where_the_schema_goes_back(database: str) -> None:
    team = Team(prompts=1)
    ended(team, RoundStatus.done, is_trained=True)
    reopening.reopen(team.curator, team.round.id, reason="wrong guidelines")
    migrations.downgrade("0041", database)
    migrations.upgrade()
    after = row(team)
    assert (after.status, after.stage, after.step, after.reopened) == (RoundStatus.done, Stage.evaluate, 4, {})
