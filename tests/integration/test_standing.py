"""What one person decided is the same number on every page and in every answer; and who shaped the labels."""

from typing import Any

import pytest

from backend.db import reading, session, tables
from backend.pipeline import provenance as dataset_provenance
from backend.pipeline.stage import StageContext
from backend.services import datasets, reviews
from backend.services.decisions import bulk
from backend.services.queue import gold
from backend.services.team import adjudication, removals, reviewers
from backend.values import DatasetType, DecisionKind, RoundStatus, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team


@pytest.fixture
def team(database: str) -> Team:
    """A round played through: minds changed, taken back, skipped, late, rewritten, gold, settled, in bulk, removed."""
    team = Team(prompts=8, num_reviewers_per_item=2)
    gold.mark(team.curator, team.round.id, team.ids[:3], Verdict.reject)
    for n in team.ids[:6]:
        team.act("ann", n, ACCEPT)
    team.act("ann", team.ids[5], REJECT)
    team.take_back("ann", team.act("ann", team.ids[6], ACCEPT))
    team.act("ann", team.ids[7], SKIP)
    team.act("ann", team.ids[8], DecisionKind.edit, text="Better.")
    team.act("ann", team.ids[9], DecisionKind.flag)
    for n in team.ids[:5]:
        team.act("bob", n, REJECT)
    assert team.act("cid", team.ids[3], REJECT).late_because
    assert team.act("cid", team.ids[0], REJECT).late_because
    team.act("cid", team.ids[10], ACCEPT)
    adjudication.decide(team.curator, team.round.id, "settled-1", team.ids[3], REJECT)
    token = bulk.preview(team.curator, team.round.id, bulk.Filters(min_score=4.5), ACCEPT).token
    bulk.apply(team.curator, team.round.id, bulk.Filters(min_score=4.5), ACCEPT, reason="sure", token=token)
    team.act("dan", team.ids[11], ACCEPT)
    admin = rows.make_actor(team.project)
    done = removals.remove(admin, team.round.id, team.who("dan").user_id, reason="a try")
    removals.undo(admin, team.round.id, done.id)
    return team


def counts_of(team: Team, name: str) -> dict[str, Any]:
    """How much one person decided, wherever that is said."""
    actor, round_id = team.who(name), team.round.id
    everyone = {reviewer.user_id: reviewer for reviewer in reviewers.everyone(team.curator, round_id)}
    people = {person.user_id: person for person in reviews.progress(team.curator, round_id).people}
    mine = reviewers.mine(actor, round_id)
    progress = reviews.progress(actor, round_id)
    again = reviews.decide_many(
        actor, round_id, [reviews.Act(f"note-{name}-{mine.decided}", DecisionKind.note, team.ids[15], note="n")]
    )
    return {
        "My work": (mine.decided, mine.overrides),
        "Team": (everyone[actor.user_id].decided, everyone[actor.user_id].overrides),
        "progress": (progress.mine.decided, progress.mine.overridden),
        "an answer": (again[0].tally.decided, again[0].tally.overridden),
        "progress, people": people[actor.user_id].decided,
    }


@pytest.mark.parametrize(("name", "decided"), [("ann", 7), ("bob", 5), ("cid", 1), ("dan", 1)])
def test_counts_of_one_person_agree_everywhere(team: Team, name: str, decided: int) -> None:
    result = counts_of(team, name)
    assert result.pop("progress, people") == decided
    assert len(set(result.values())) == 1, result
    assert result["Team"][0] == decided


def test_who_only_settled_or_acted_in_bulk_decided_no_item(team: Team) -> None:
    progress = reviews.progress(team.curator, team.round.id)
    (reviewer,) = [
        entry for entry in reviewers.everyone(team.curator, team.round.id) if entry.user_id == team.curator.user_id
    ]
    assert reviewer.decided == progress.mine.decided == 0
    assert team.curator.user_id not in {person.user_id for person in progress.people}


def provenance(team: Team) -> dict[str, int]:
    stage = StageContext.__new__(StageContext)
    with reading() as db:
        object.__setattr__(stage, "round", db.get_one(tables.Round, team.round.id))
        object.__setattr__(stage, "recipe", type("Recipe", (), {"name": "any"}))
        return dict(dataset_provenance.provenance(stage, db)["people"])


def test_neither_gold_items_nor_late_words_are_in_a_datasets_provenance(team: Team) -> None:
    numbers = provenance(team)
    names = {name: team.who(name).name for name in ("ann", "bob", "cid", "dan")}
    assert {name: numbers[names[name]] for name in names} == {"ann": 4, "bob": 2, "cid": 1, "dan": 1}
    assert numbers[team.curator.name] == 9, "eight in bulk, and one that was settled"
    prompts = [{"prompt_id": sample.prompt_id, "sample_id": sample.id} for sample in team.samples]
    dataset = rows.make_dataset(team.round, DatasetType.prompt_completion, prompts)
    people = {person.name: person.num_decisions for person in datasets.get(team.curator, dataset.id).people}
    assert people == numbers


def test_after_the_review_ones_own_figures_leave_gold_items_out(team: Team) -> None:
    during = reviewers.mine(team.who("bob"), team.round.id)
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    after = reviewers.mine(team.who("bob"), team.round.id)
    assert (during.judge.n, after.judge.n) == (5, 2)
    assert (during.gold_seen, after.gold_seen) == (None, 3)
    assert during.decided == after.decided == 5
