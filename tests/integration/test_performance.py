"""People over the rounds of a project: worked out by hand, for curators; one's own, and no more, for oneself."""

import uuid

import pytest
from sqlalchemy import select

from backend.db import session, tables
from backend.errors import PermissionDenied
from backend.services.queue import gold
from backend.services.team import adjudication, performance
from backend.services.team.performance import Share
from backend.values import RoundStatus, Verdict
from tests.integration import site
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team


def test_each_figure_is_what_the_rows_say(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=4, num_reviewers_per_item=2)
    ann, bob = team.who("ann"), team.who("bob")
    gold.mark(team.curator, team.round.id, team.ids[:2], Verdict.accept)
    for n, kind in zip(team.ids[:5], (ACCEPT, REJECT, ACCEPT, REJECT, ACCEPT), strict=True):
        team.act("ann", n, kind, seconds=10.0)
    team.act("ann", team.ids[5], SKIP)
    for n, kind in zip(team.ids[2:5], (ACCEPT, ACCEPT, REJECT), strict=True):
        team.act("bob", n, kind, seconds=30.0)
    adjudication.decide(team.curator, team.round.id, uuid.uuid4().hex, team.ids[3], ACCEPT)
    [hers, his] = sorted(performance.everyone(team.curator, team.project.id), key=lambda line: -line.decided)
    assert (hers.decided, hers.minutes, hers.per_hour) == (5, pytest.approx(50 / 60), pytest.approx(360))
    assert (hers.gold, hers.colleagues, hers.adjudicated) == (Share(1, 2), Share(1, 3), Share(0, 1))
    assert hers.skipped == Share(1, 6)
    assert his.per_hour == pytest.approx(120)
    assert (his.gold, his.colleagues, his.adjudicated, his.skipped) == (
        Share(0, 0),
        Share(1, 3),
        Share(1, 1),
        Share(0, 3),
    )
    low, high = Share(1, 2).interval or (0, 0)
    assert (low, high) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4)), "Wilson's, by hand"
    asked: list[int] = []
    count = performance._of_round
    monkeypatch.setattr(performance, "_of_round", lambda db, row, of: asked.append(row.id) or count(db, row, of))
    assert {line.user_id: line for line in performance.everyone(team.curator, team.project.id)} == {
        line.user_id: line for line in (hers, his)
    }, "asked again"
    assert not asked, "the figures are kept"
    adjudication.decide(team.curator, team.round.id, uuid.uuid4().hex, team.ids[4], ACCEPT)
    people = {line.user_id: line for line in performance.everyone(team.curator, team.project.id)}
    hers = people[hers.user_id]
    assert hers.adjudicated == Share(1, 2), "what was kept of the round is over"
    with session() as db:
        of_round = select(tables.Decision).where(tables.Decision.round_id == team.round.id)
        first = db.scalars(of_round.order_by(tables.Decision.id)).all()[1]
        late = {column.key: getattr(first, column.key) for column in tables.Decision.__table__.columns}
        db.delete(first)
    performance.everyone(team.curator, team.project.id)
    with session() as db:
        db.add(tables.Decision(**late))
    again = {line.user_id: line for line in performance.everyone(team.curator, team.project.id)}
    assert again == people, "a smaller number that was committed later"
    [own] = performance.mine(ann, team.project.id)
    assert (own.decided, own.gold, own.colleagues, own.adjudicated) == (5, None, None, None), "while it goes on"
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    [own] = performance.mine(ann, team.project.id)
    assert own == hers
    with pytest.raises(PermissionDenied):
        performance.everyone(bob, team.project.id)


@pytest.mark.on_sqlite
def test_figures_come_as_csv_and_by_rest(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], ACCEPT, seconds=6.0)
    path = f"/api/v1/projects/{team.project.id}/performance"
    with site.signed_in(team.curator) as client:
        assert [line["decided"] for line in client.get(path).json()] == [1]
        answer = client.get(f"{path}/csv")
        assert answer.headers["content-type"].startswith("text/csv")
        head, line = answer.text.splitlines()
        assert head.startswith("round,person,decided,minutes,items_per_hour,gold_right")
        assert line == f"1,{team.who('ann').name},1,0.1,600.0,0,0,,,,0,0,0,0,0,0"
    with site.signed_in(team.who("ann")) as client:
        assert client.get(path).status_code == 403
        assert [line["gold"] for line in client.get(f"{path}/me").json()] == [None]
