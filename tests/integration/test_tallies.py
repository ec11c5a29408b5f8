"""What is kept of each person's decisions is what counting them gives, after whatever they and curators do."""

import random
import uuid

import pytest
from sqlalchemy import delete

from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.errors import RondoError
from backend.services import review_settings, reviews
from backend.services.decisions import bulk, tallies
from backend.services.reviews import Act
from backend.services.team import adjudication, removals
from backend.values import DecisionKind
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, SCORE, SKIP, Team

EDIT, FLAG, PREFER = DecisionKind.edit, DecisionKind.flag, DecisionKind.prefer


def kept(team: Team) -> dict[int, tuple[int, int, int]]:
    with reading() as db:
        every = [db.get(tables.Tally, (team.round.id, who.user_id)) for who in team.people.values()]
        return {row.user_id: (row.decided, row.overridden, row.overridden_labelled) for row in every if row}


def compare(team: Team) -> None:
    """What is kept, and what a person is told, is what is there."""
    with reading() as db:
        settings = review_settings.read(db.get_one(tables.Round, team.round.id).review)
        counted = tallies._count(db, team.round.id, settings, None)
        seen = tallies.of_all(db, team.round.id, settings)
        for who in team.people.values():
            told = tallies.of_one(db, who.user_id, team.round.id, settings)
            assert told == seen.get(who.user_id, tallies.Tally()), who
    for user_id, numbers in kept(team).items():
        number = counted.get(user_id, tallies.KeptTally())
        assert numbers == (number.decided, number.overridden, number.overridden_labelled), user_id


def some_act(drawn: random.Random, team: Team) -> Act:
    n = drawn.choice(team.ids)
    kind = drawn.choice((ACCEPT, REJECT, SCORE, EDIT, PREFER, SKIP, FLAG, RETRACT, RETRACT))
    fields = {SCORE: {"score": 1.0}, EDIT: {"text": f"better {drawn.random()}"}, RETRACT: {}}.get(kind, {})
    if kind is PREFER:
        first = n - (n - team.ids[0]) % 2
        fields = {"value": {"best": first, "worst": first + 1}}
    return Act(uuid.UUID(int=drawn.getrandbits(128)).hex, kind, 0 if kind is RETRACT else n, **fields)


@pytest.mark.parametrize("mode", ["sample", "group"])
def test_what_is_kept_is_what_counting_gives(database: str, mode: str) -> None:
    team, drawn = Team(prompts=2, mode=mode, num_reviewers_per_item=2), random.Random(5)
    done = 0
    for number in range(60):
        who = team.who(drawn.choice(("ann", "bob")))
        acts = [some_act(drawn, team) for _ in range(drawn.choice((1, 1, 1, 3)))]
        done += sum(not isinstance(came, RondoError) for came in reviews.decide_each(who, team.round.id, acts))
        if number % 6 == 0:
            compare(team)
    compare(team)
    assert done > 30
    assert len(kept(team)) == 2


def test_what_curators_do_is_counted_with_the_next_decision(database: str) -> None:
    team = Team(prompts=4, num_reviewers_per_item=2)
    team.people["curator"], admin = team.curator, rows.make_actor(team.project)
    team.act("curator", team.ids[0], EDIT, text="by the curator")
    for n in team.ids[:4]:
        team.act("ann", n, ACCEPT)
        team.act("bob", n, REJECT)
    assert kept(team)[team.who("ann").user_id] == (4, 2, 2)
    assert kept(team)[team.curator.user_id] == (1, 1, 0), "of a text that was not labelled nothing is told"

    adjudication.decide(team.curator, team.round.id, uuid.uuid4().hex, team.ids[0], ACCEPT)
    compare(team)
    assert kept(team)[team.curator.user_id] == (1, 1, 1), "with the adjudication the judge's view came"
    token = bulk.preview(team.curator, team.round.id, Filters(), REJECT).token
    batch = bulk.apply(team.curator, team.round.id, Filters(), REJECT, reason="all of them", token=token)
    compare(team)
    bulk.undo(team.curator, batch.id)
    gone = removals.remove(admin, team.round.id, team.who("bob").user_id, reason="did not read")
    compare(team)
    team.act("bob", team.ids[5], REJECT)
    assert kept(team)[team.who("bob").user_id] == (1, 0, 0)
    removals.undo(admin, team.round.id, gone.id)
    compare(team)
    team.act("bob", team.ids[6], REJECT)
    compare(team)
    assert kept(team)[team.who("bob").user_id][0] == 5, "three of four, since one was late"
    with session() as db:  # as after an upgrade: what was decided before has no row
        db.execute(delete(tables.Tally))
    assert team.act("ann", team.ids[7], ACCEPT).tally.decided == 5
    compare(team)
