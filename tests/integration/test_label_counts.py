"""The label after one decision, which counts what was read with it, is the one that all decisions give."""

import random
import uuid
from contextlib import suppress

from sqlalchemy import select

from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.errors import Conflict, NotFound
from backend.services import reviews
from backend.services.decisions import bulk, labels
from backend.services.decisions.verdicts import Effect
from backend.services.queue import gold
from backend.services.reviews import Act
from backend.services.team import removals
from backend.values import DecisionKind, Role, Verdict
from tests import rows
from tests.integration.reviewing import Team

KINDS = tuple(
    DecisionKind(name) for name in ("accept", "accept", "reject", "reject", "score", "skip", "flag", "note", "edit")
)


def differing(team: Team) -> list[tuple[int, Effect, Effect]]:
    """Samples of the round whose label is not what their decisions give."""
    with reading() as db:
        label = tables.Label
        written = {row.sample_id: row for row in db.scalars(select(label).where(label.round_id == team.round.id))}
        effects, _ = labels.effects(db, sorted(written))
    stored = {
        n: Effect(row.score, row.verdict, row.source, row.is_overridden, row.is_flagged) for n, row in written.items()
    }
    return [(n, stored[n], effects[n]) for n in stored if stored[n] != effects[n]]


def test_counting_what_was_read_gives_the_label_that_all_decisions_give(database: str) -> None:
    team, chance = Team(prompts=2, n=2, num_reviewers_per_item=2), random.Random(7)
    admin = rows.make_actor(team.project, Role.admin)
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.accept)
    kinds_seen = set()

    def act_at_random() -> None:
        name, n, kind = chance.choice(("ann", "bob", "cid")), chance.choice(team.ids), chance.choice(KINDS)
        more = {"score": {"score": float(chance.randrange(6))}, "edit": {"text": uuid.uuid4().hex}}
        more |= {"note": {"note": "look"}}
        acts = [Act(uuid.uuid4().hex, kind, n, **more.get(kind.value, {}))]
        if chance.random() < 0.2:
            acts = [Act(uuid.uuid4().hex, DecisionKind.retract)]
        with suppress(Conflict, NotFound):  # nothing of theirs to take back, or a bulk action is last
            kinds_seen.update(done.decision.kind for done in reviews.decide_many(team.who(name), team.round.id, acts))
        assert differing(team) == [], (name, n, acts)

    for _ in range(25):
        act_at_random()
    token = bulk.preview(team.curator, team.round.id, Filters(), DecisionKind.reject).token
    batch = bulk.apply(team.curator, team.round.id, Filters(), DecisionKind.reject, reason="all", token=token)
    for _ in range(15):
        act_at_random()
    removal = removals.remove(admin, team.round.id, team.who("ann").user_id, reason="did not read")
    for _ in range(10):
        act_at_random()
    removals.undo(admin, team.round.id, removal.id)
    bulk.undo(team.curator, batch.id)
    for _ in range(15):
        act_at_random()
    assert kinds_seen == {*KINDS, DecisionKind.retract}
    with session() as db:
        labels.recompute(db, team.ids)
    assert differing(team) == []
