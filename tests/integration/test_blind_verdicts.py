"""What counts as a person's independent word on the judge."""

from types import SimpleNamespace

from sqlalchemy import update

from backend.db import reading, session, tables
from backend.pipeline.round_evidence import blind_verdicts
from backend.services.decisions import bulk
from backend.services.decisions.bulk import Filters
from backend.services.team import adjudication
from backend.values import DecisionKind, Verdict
from tests.integration.reviewing import ACCEPT, REJECT, SCORE, Team


def blind(team: Team) -> tuple[dict[int, Verdict], frozenset[int]]:
    with reading() as db:
        return blind_verdicts(db, SimpleNamespace(round=db.get_one(tables.Round, team.round.id)))


def test_only_a_last_word_that_was_blind_is_a_witness(database: str) -> None:
    team = Team(prompts=3)
    a, b, c, d, e, f = team.ids
    team.act("ann", a, REJECT)
    team.act("ann", b, SCORE, score=4.0)
    team.take_back("ann", team.act("ann", c, REJECT))
    team.act("ann", c, ACCEPT)
    team.act("ann", d, ACCEPT)
    team.act("ann", d, REJECT)
    team.act("ann", e, REJECT, is_blind=False)
    team.act("ann", f, DecisionKind.edit, text="better")
    with session() as db:
        db.execute(update(tables.Decision).where(tables.Decision.sample_id == b).values(is_random=True))
    fields = {a: Verdict.reject, b: Verdict.accept}
    assert blind(team) == (fields, frozenset({b})), "c and d were decided again after the judge was shown"
    looked = bulk.preview(team.curator, team.round.id, Filters(), ACCEPT)
    bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, reason="all", token=looked.token)
    adjudication.decide(team.curator, team.round.id, "settle-a-1", a, ACCEPT)
    assert blind(team) == (fields, frozenset({b})), "not what others made of it"


def test_of_several_people_the_majority_speaks_and_a_draw_says_nothing(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=3)
    a, b = team.ids
    for name, on_a, on_b in (("ann", ACCEPT, ACCEPT), ("bob", REJECT, REJECT), ("cid", REJECT, None)):
        team.act(name, a, on_a)
        if on_b is not None:
            team.act(name, b, on_b)
    assert blind(team) == ({a: Verdict.reject}, frozenset())
