"""Rewriting a text in a blind review tells nothing of what the judge said of it."""

from typing import Any

import pytest
from sqlalchemy import update

from backend.db import session, tables
from backend.services import queue, reviews
from backend.services.reviews import Act, ActResult, Tally, item_history
from backend.services.samples import detail
from backend.values import DecisionKind, RoundStatus
from tests.integration.reviewing import ACCEPT, Team

pytestmark = pytest.mark.usefixtures("database")


def rewrite(team: Team, sample_id: int) -> ActResult:
    return team.act("ann", sample_id, DecisionKind.edit, text="Better.")


def judge_facts(team: Team, sample_id: int) -> list[bool | None]:
    """What every way of reading one's own rewrite tells of the judge."""
    ann, outcome = team.who("ann"), rewrite(team, sample_id)
    act = Act(outcome.decision.client_id, DecisionKind.edit, sample_id, text="Better.")
    again = reviews.decide_many(ann, team.round.id, [act])[0]
    views = [outcome.decision, again.decision, *item_history.read(ann, sample_id).entries[-1:]]
    views += [entry for n in (sample_id, outcome.decision.edit_id or 0) for entry in detail.detail(ann, n).history[-1:]]
    earlier = queue.earlier(ann, team.round.id)
    assert earlier is not None
    assert earlier.mine is not None
    return [entry.is_override for entry in [*views, earlier.mine]]


def test_a_rewrite_tells_nothing_of_the_judge_before_the_text_is_labelled() -> None:
    team = Team(prompts=1)
    accepted, rejected = team.ids
    assert judge_facts(team, accepted) == judge_facts(team, rejected) == [None] * 6
    assert rewrite(team, accepted).tally == rewrite(team, rejected).tally == Tally(decided=2, overridden=0)
    assert reviews.progress(team.who("ann"), team.round.id).mine.overridden == 0
    labelled = team.act("ann", accepted, ACCEPT)
    assert labelled.decision.is_blind, "nothing was told before"
    assert (judge_facts(team, accepted), judge_facts(team, rejected)) == ([True] * 6, [None] * 6)
    assert rewrite(team, accepted).tally == Tally(decided=2, overridden=1)


@pytest.mark.parametrize("shows", [{"is_blind": False}, {"mode": "judgment"}])
def test_a_rewrite_says_that_it_differs_where_the_judge_is_shown(shows: dict[str, Any]) -> None:
    team = Team(prompts=1, **shows)
    assert judge_facts(team, team.ids[0]) == [True] * 6
    assert rewrite(team, team.ids[1]).tally == Tally(decided=2, overridden=1)


def test_in_a_group_a_rewrite_tells_nothing_before_the_group_is_decided() -> None:
    team = Team(prompts=1, mode="group")
    accepted, rejected = team.ids
    assert [rewrite(team, n).decision.is_override for n in team.ids] == [None, None]
    prefer = {"best": accepted, "worst": rejected}
    assert team.act("ann", accepted, DecisionKind.prefer, value=prefer).decision.is_blind
    assert [rewrite(team, n).decision.is_override for n in team.ids] == [True, False]


def test_the_count_is_whole_when_the_review_is_over() -> None:
    team = Team(prompts=1)
    rewrite(team, team.ids[0])
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.done))
    assert reviews.progress(team.who("ann"), team.round.id).mine == Tally(decided=1, overridden=1)
