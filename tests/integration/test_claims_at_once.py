"""What others do between a look and a claim, the order of what is drawn, and a decision that is one statement."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.db import now, reading, session, tables
from backend.errors import Conflict
from backend.services import queue, review_settings, reviews
from backend.services.decisions import at_once, leases, slots, tallies
from backend.services.queue import draw, item_views, review_pick
from backend.services.queue.review_pick import ItemRequest, Picked
from backend.services.reviews import Act, ActResult, settings_edit
from backend.services.team import adjudication
from backend.values import DecisionKind, LabelSource, Verdict
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, SCORE, Team, waits

KEPT = "yours is kept in the history and counts in no label."


@pytest.mark.parametrize(("others", "looks_of_ann"), [(12, 1), (13, 2)])
def test_whoever_looked_before_others_took_the_first_items_takes_the_next_ones(
    database: str, monkeypatch: pytest.MonkeyPatch, others: int, looks_of_ann: int
) -> None:
    team, looks, taken = Team(prompts=36), list[str](), list[int]()
    ann, names = team.who("ann"), [f"p{n}" for n in range(others)]

    def pick(asked: ItemRequest) -> Picked:
        picked = review_pick.pick(asked)
        looks.append(asked.actor.name)
        if len(looks) == 1:
            for name in names:
                taken.extend(team.queue(name, limit=5))
        return picked

    assert len(names) * 5 - queue.SPARE in (0, 5), "as many as can be served, and one person more"
    monkeypatch.setattr(queue, "pick", pick)
    assert team.queue("ann", limit=5) == team.ids[5 * others : 5 * others + 5]
    assert taken == team.ids[: 5 * others]
    assert looks.count(ann.name) == looks_of_ann
    assert len(looks) == others + looks_of_ann, "each of the others looked once"


def meanwhile(monkeypatch: pytest.MonkeyPatch, where: Any, team: Team, changes: dict[str, Any]) -> None:
    """Have a curator change the settings when the first claim is about to wait for its turn."""
    waits, changed = slots.one_at_a_time, list[bool]()

    def wait(*args: Any) -> None:
        if not changed:
            changed.append(True)
            settings_edit.edit_review(team.curator, team.round.id, changes)
        waits(*args)

    monkeypatch.setattr(where, "one_at_a_time", wait)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("by", ["claim", "pick alone", "renew"])
def test_a_claim_that_waited_for_a_change_of_settings_writes_the_slots_of_the_new_ones(
    database: str, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    team = Team(prompts=4, num_reviewers_per_item=2)
    ann, (n, *_) = team.who("ann"), team.ids
    meanwhile(monkeypatch, leases if by == "renew" else slots, team, {"num_reviewers_per_item": 1})
    if by == "claim":
        assert team.queue("ann", limit=1) == [n]
    elif by == "renew":
        assert leases.renew(ann, team.round.id, [n]).kept == (n,)
    else:
        settings = review_settings.read(team.round.review)
        order, nothing = queue.Order.sequential, frozenset[int]()
        assert queue.pick_alone(ann, team.round.id, settings, order, 1, 0, nothing, Picked()) == [n]
    assert team.slots(n) == [(0, ann.user_id, False)]
    assert team.act("ann", n, ACCEPT).late_because is None
    assert team.act("bob", n, REJECT).late_because == "1 other has decided this meanwhile; " + KEPT


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_claim_that_waited_for_a_change_to_groups_takes_no_samples(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(prompts=2)
    meanwhile(monkeypatch, slots, team, {"mode": "group"})
    with pytest.raises(Conflict, match="is reviewed by groups since a moment ago"):
        team.queue("ann", limit=4)
    assert [team.slots(n) for n in team.ids] == [[]] * 4
    assert team.queue("ann", limit=4) == team.ids[::2]


@pytest.mark.parametrize("gold", [0, 4])
def test_a_short_round_is_drawn_in_an_order_of_ones_own_that_stays(database: str, gold: int) -> None:
    team = Team(prompts=160, gold_share=0.1)
    settings, user_id = review_settings.read(team.round.review), team.who("ann").user_id
    with session() as db:
        for n in team.ids[:gold]:
            db.add(tables.GoldItem(sample_id=n, round_id=team.round.id, verdict=Verdict.accept, created_at=now()))

    def drawn() -> list[int]:
        with reading() as db:
            return [*itertools.chain(*draw.at_random(db, team.round.id, settings, user_id))]

    secret = draw.secret_of(team.round.id, user_id, "order")
    with reading() as db:
        places = draw.gold_places(db, team.round.id, settings, secret)
    assert len(places) == gold
    expected = sorted(team.ids, key=lambda n: places[n] if n in places else draw.chance(secret, n))
    assert drawn() == expected != team.ids
    for n in (expected[0], expected[150], expected[-1]):
        team.act("bob", n, ACCEPT)
        expected.remove(n)
    assert drawn() == expected


def scenario(team: Team, mark: str) -> list[ActResult]:
    """Two people decide, one of them again, and one more comes late.

    Of the other three items one is decided again after a retract, one is gold, and one was settled by a curator; of the
    gold one Bob's lease is about to run out.
    """
    first, second, third, fourth, gold, settled = team.ids
    for name in ("ann", "bob"):
        team.queue(name, limit=6)
    adjudication.decide(team.curator, team.round.id, f"{mark}-of-the-curator", settled, REJECT)
    with session() as db:
        db.add(tables.GoldItem(sample_id=gold, round_id=team.round.id, verdict=Verdict.accept, created_at=now()))
        lease, soon = tables.Lease, now() + slots.SAFE - timedelta(seconds=1)
        about = lease.sample_id == gold, lease.user_id == team.who("bob").user_id
        db.execute(update(lease).where(*about).values(expires_at=soon))
    acts: list[tuple[str, int, DecisionKind, dict[str, Any]]] = [
        ("ann", first, ACCEPT, {"seconds": 2.5, "note": "as it should be"}),
        ("bob", first, REJECT, {"value": {"judge_right": False, "why": "format"}}),
        ("ann", second, SCORE, {"score": 1.5}),
        ("ann", second, SCORE, {"score": 4.5}),
        ("bob", third, DecisionKind.flag, {}),
        ("bob", third, ACCEPT, {}),
        ("ann", third, REJECT, {}),
        ("cid", third, REJECT, {}),
        ("ann", fourth, REJECT, {}),
        ("ann", fourth, RETRACT, {"retracts": f"{mark}-8-of-the-scenario"}),
        ("ann", fourth, ACCEPT, {}),
        ("ann", gold, REJECT, {}),
        ("bob", gold, ACCEPT, {}),
        ("bob", settled, ACCEPT, {}),
    ]
    done = []
    for number, (name, n, kind, fields) in enumerate(acts):
        act = Act(f"{mark}-{number}-of-the-scenario", kind, None if kind is RETRACT else n, **fields)
        done += reviews.decide_many(team.who(name), team.round.id, [act])
    return done


def written(team: Team, mark: str) -> dict[str, list[Any]]:
    """All that decisions write, with neither times nor numbers of this round alone."""
    people: dict[Any, str] = {actor.user_id: name for name, actor in team.people.items()} | {
        None: "nobody",
        team.curator.user_id: "curator",
    }
    place = {n: position for position, n in enumerate(team.ids)}
    own = {
        "id",
        "created_at",
        "client_id",
        "project_id",
        "round_id",
        "group_id",
        "sample_id",
        "user_id",
        "value",
        "retracts_id",
    }
    plain = [column.name for column in tables.Decision.__table__.c if column.name not in own]
    effect = ("score", "verdict", "source", "is_overridden", "is_flagged")
    with reading() as db:

        def of(table: Any) -> list[Any]:
            return list(db.scalars(select(table).where(table.round_id == team.round.id)))

        return {
            "decisions": [
                (place[row.sample_id], people[row.user_id], str(row.value).replace(mark, ""), row.retracts_id is None)
                + tuple(getattr(row, name) for name in plain)
                for row in sorted(of(tables.Decision), key=lambda row: row.id)
            ],
            "labels": sorted(
                (place[row.sample_id], *(getattr(row, name) for name in effect)) for row in of(tables.Label)
            ),
            "leases": sorted(
                (place[row.sample_id], row.slot, people[row.user_id], row.decided_at is not None, row.is_random)
                for row in of(tables.Lease)
            ),
            "tallies": sorted(
                (people[row.user_id], row.by_group, row.decided, row.overridden, row.overridden_labelled)
                for row in of(tables.Tally)
            ),
            "open": sorted((place[row.sample_id], row.is_open) for row in of(tables.Informativeness)),
        }


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_decision_in_one_statement_writes_what_several_write(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    one_statement = at_once.write

    def write(*args: Any) -> bool:
        calls.append(one_statement(*args))
        return calls[-1]

    rows_of: list[dict[str, list[Any]]] = []
    told: list[list[Any]] = []
    for mark, by in (("aaaa", write), ("bbbb", lambda *_: False)):
        monkeypatch.setattr(at_once, "write", by)
        team = Team(prompts=3, num_reviewers_per_item=2)
        with session() as db:
            for n in team.ids:
                db.add(tables.Informativeness(sample_id=n, round_id=team.round.id, informativeness=0.5, is_open=True))
        results = scenario(team, mark)
        rows_of.append(written(team, mark))
        told.append([(r.tally, r.judge, r.reason, [o.kind for o in r.others], r.late_because) for r in results])
    assert calls == [True] * 6 + [False, True, True, True, False, True], (
        "a flag and a retract decide nothing, who comes late has no slot, and a lease must not run out meanwhile"
    )
    assert rows_of[0] == rows_of[1]
    assert told[0] == told[1]
    assert [others for _, _, _, others, _ in told[0]][:8] == [
        [],
        [ACCEPT],
        [],
        [],
        [],
        [],
        [DecisionKind.flag, ACCEPT],
        [DecisionKind.flag, ACCEPT, REJECT],
    ]
    assert [source for _, _, _, source, *_ in rows_of[0]["labels"]].count(LabelSource.person) == 6


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_decisions_of_one_person_that_wait_for_their_count_are_all_counted(database: str) -> None:
    team = Team(prompts=3, num_reviewers_per_item=2)
    first, *rest = team.queue("ann", limit=6)
    team.act("ann", first, ACCEPT)
    ann, settings = team.who("ann").user_id, review_settings.read(team.round.review)
    with ThreadPoolExecutor(4) as pool:
        with session() as db:
            db.execute(update(tables.Tally).where(tables.Tally.user_id == ann).values(decided=tables.Tally.decided))
            done = [
                pool.submit(team.act, "ann", n, kind)
                for n, kind in zip(rest, (ACCEPT, REJECT, ACCEPT, REJECT), strict=False)
            ]
            waits(4)
        tallies_ = [future.result().tally for future in done]
    assert sorted(tally.decided for tally in tallies_) == [2, 3, 4, 5]
    with reading() as db:
        kept = tallies.of_one(db, ann, team.round.id, settings)
        assert kept == tallies.of_all(db, team.round.id, settings)[ann]
    assert len({row.sample_id for row in team.decisions(user_id=ann)}) == 5
    assert [team.label(n)[2] for n in team.ids] == [LabelSource.person] * 5 + [LabelSource.judge]


def test_what_is_told_of_colleagues_after_a_decision_is_what_a_query_finds(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    n, other, *_ = team.ids
    for name in ("ann", "bob"):
        team.queue(name, limit=4)
    flagged = team.act("ann", n, DecisionKind.flag)
    team.act("ann", n, DecisionKind.note, note="look at the unit")
    team.act("ann", n, ACCEPT)
    team.act("ann", other, ACCEPT)
    seen = []
    for name, kind in (("bob", REJECT), ("cid", ACCEPT), ("bob", ACCEPT)):
        done = team.act(name, n, kind)
        with reading() as db:
            round_ = db.get_one(tables.Round, team.round.id)
            cut = item_views.cut_of_round(round_)
            assert done.others == item_views.others(db, team.who(name), [n], cut, judged=[n])[n]
        seen.append([(some.who, some.kind) for some in done.others])
        if name == "cid":
            team.take_back("ann", flagged)
    ann, bob, cid = (team.who(name).name for name in ("ann", "bob", "cid"))
    noted = [(ann, DecisionKind.note), (ann, ACCEPT)]
    assert seen[0] == [(ann, DecisionKind.flag), *noted]
    assert seen[1] == [(ann, DecisionKind.flag), *noted, (bob, REJECT)]
    assert seen[2] == [*noted, (cid, ACCEPT)]
