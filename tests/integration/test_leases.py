"""Leases: claimed by one conditional statement, renewed, released, taken over; never two people in one slot."""

import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from backend.db import now, reading, session, tables
from backend.db.session import read_engine, write_engine
from backend.errors import NotFound, PermissionDenied
from backend.services import questions, queue, review_settings, reviews
from backend.services.decisions import leases, lock_round, slots
from backend.services.decisions.rows import places_of
from backend.services.questions import NewQuestion
from backend.services.reviews import Act
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team, count, waits
from tests.waiting import PATIENCE

SHORT = re.compile(r"SCAN (\(subquery|CONSTANT|\d+ CONSTANT|(users|own|open_\d|found|f|m)$)")
"""What SQLite may read whole: a few rows that the statement made or limits itself, and the people."""


def test_two_people_never_get_the_same_item(database: str) -> None:
    team = Team(prompts=3)
    assert team.queue("ann", limit=4) == team.ids[:4]
    assert team.queue("bob", limit=4) == team.ids[4:]
    assert team.queue("cid") == []
    assert team.queue("ann", limit=4) == team.ids[:4], "a reload goes on with the same items"


def test_ten_people_at_once_share_all_items_and_none_twice(database: str) -> None:
    team = Team(prompts=10, n=4)
    names = [f"p{n}" for n in range(10)]
    people = [team.who(name) for name in names]

    def ask(who: rows.Actor) -> list[int]:
        return [item.sample_id for item in queue.queue(who, team.round.id, limit=10)]

    with ThreadPoolExecutor(10) as pool:
        got = [n for found in pool.map(ask, people) for n in found]
    assert len(got) == len(set(got))
    assert sorted(got) == team.ids, "40 items, 10 people of whom each wanted 10"


def test_an_expired_lease_is_taken_over_and_the_first_holder_is_told(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    team.run_out()
    assert team.queue("bob", limit=1) == team.ids[:1]
    renewed = leases.renew(team.who("ann"), team.round.id, team.ids)
    assert renewed.kept == (team.ids[1],), "nobody took the other one: it is renewed"
    assert [(one.sample_id, one.who, one.is_decided) for one in renewed.lost] == [
        (team.ids[0], team.who("bob").name, False)
    ]
    assert timedelta(minutes=14) < renewed.until - now() < timedelta(minutes=16)
    assert team.slots(team.ids[0]) == [(0, team.who("bob").user_id, False)]


def test_a_lease_that_ran_out_while_typing_still_counts_when_nobody_took_it(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    team.run_out()
    done = team.act("ann", team.ids[0], REJECT)
    assert done.late_because is None
    assert team.label(team.ids[0])[0] is Verdict.reject


def test_a_decision_after_a_take_over_is_kept_as_late(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    team.run_out()
    team.queue("bob")
    done = team.act("ann", team.ids[0], REJECT)
    assert done.late_because is not None
    assert team.who("bob").name in done.late_because
    assert team.label(team.ids[0])[2] is LabelSource.judge, "the one who holds it decides"
    assert [d.is_late for d in team.decisions()] == [True]
    assert team.act("bob", team.ids[0], ACCEPT).late_because is None
    assert team.label(team.ids[0])[:1] == (Verdict.accept,)


def test_leaving_gives_items_back_at_once(database: str) -> None:
    team = Team(prompts=2)
    mine = team.queue("ann")
    team.act("ann", mine[0], ACCEPT)
    assert team.queue("bob") == []
    assert leases.release(team.who("ann"), team.round.id, mine[1:2]) == 1
    assert team.queue("bob") == mine[1:2]
    assert leases.release(team.who("ann"), team.round.id) == 2, "the decided one is no lease any more"
    assert team.queue("bob") == mine[1:]
    assert team.slots(mine[0]) == [(0, team.who("ann").user_id, True)]


def test_a_skipped_item_is_free_for_others_and_gone_for_the_one_who_skipped(database: str) -> None:
    team = Team(prompts=1)
    first = team.queue("ann")[0]
    team.act("ann", first, SKIP)
    assert first not in team.queue("ann")
    assert team.queue("bob") == [first]


def test_holders_are_named_with_the_time_they_have(database: str) -> None:
    team = Team(prompts=1, reservation_minutes=5)
    team.queue("ann", limit=1)
    found = leases.holders(team.who("bob"), team.round.id, team.ids)
    assert [(one.sample_id, one.who, one.is_decided) for one in found] == [(team.ids[0], team.who("ann").name, False)]
    assert timedelta(minutes=4) < found[0].expires_at - now() < timedelta(minutes=6)


def test_taking_a_decision_back_leaves_a_lease(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    done = team.act("ann", team.ids[0], REJECT)
    team.take_back("ann", done)
    assert team.slots(team.ids[0]) == [(0, team.who("ann").user_id, False)]
    assert team.queue("bob") == []
    team.run_out()
    assert team.ids[0] in team.queue("bob")


def test_taking_back_one_of_two_decisions_keeps_the_slot(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT)
    team.take_back("ann", team.act("ann", team.ids[0], ACCEPT))
    assert team.slots(team.ids[0]) == [(0, team.who("ann").user_id, True)]
    assert team.label(team.ids[0])[0] is Verdict.reject


def test_two_tabs_of_one_person_are_one_reviewer(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    first, second = team.queue("ann"), team.queue("ann")
    assert first == second
    one = team.act("ann", first[0], ACCEPT)
    assert one.decision.replaces is None
    again = team.act("ann", first[0], REJECT)
    assert again.late_because is None
    assert again.decision.replaces == (one.decision.client_id, "accept"), "so that a page that did not know can tell"
    assert team.label(first[0])[0] is Verdict.reject, "the later word of the same person"
    assert [slot for slot, who, _ in team.slots(first[0]) if who == team.who("ann").user_id] == [0]


def test_two_tabs_that_ask_at_once_take_no_second_slot(database: str) -> None:
    team = Team(prompts=5, num_reviewers_per_item=3)
    ann = team.who("ann")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: queue.queue(ann, team.round.id, limit=10), range(8)))
    for n in team.ids:
        assert [who for _, who, _ in team.slots(n)].count(ann.user_id) == 1


@pytest.mark.parametrize("what", ["renew", "decide"])
def test_who_claims_and_who_holds_what_ran_out_do_not_wait_in_a_circle(database: str, what: str) -> None:
    team = Team(prompts=2)
    ann, bob = team.who("ann"), team.who("bob")
    mine = team.queue("ann", limit=3)
    team.run_out()
    acts = [Act(uuid.uuid4().hex, ACCEPT, n) for n in team.ids]
    calls = {
        "renew": lambda: leases.renew(ann, team.round.id, team.ids),
        "decide": lambda: reviews.decide_many(ann, team.round.id, acts),
    }
    with ThreadPoolExecutor(1) as pool:
        with session() as db:
            db.get_one(tables.Round, team.round.id)  # SQLite begins here
            slots.one_at_a_time(db, team.round.id)
            waiting = pool.submit(calls[what])
            time.sleep(0.5)  # long enough to lock what it can
            won = slots.claim(db, bob, team.round.id, review_settings.read(team.round.review), mine)
        waiting.result()
    assert won == mine


def test_the_same_undo_sent_at_once_takes_back_one(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT)
    team.act("ann", team.ids[1], REJECT)
    ann = team.who("ann")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: reviews.undo(ann, team.round.id, "undo-same-id"), range(16)))
    assert len({one.decision.id for one in done}) == 1
    assert count(tables.Decision) == 3


def test_different_undos_sent_at_once_take_back_one_decision_each(database: str) -> None:
    team = Team(prompts=4)
    ann = team.who("ann")
    for n in team.ids:
        team.act("ann", n, REJECT)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: reviews.undo(ann, team.round.id), range(8)))
    assert len({one.decision.retracts_id for one in done}) == 8
    assert {team.label(n)[2] for n in team.ids} == {LabelSource.judge}


def test_a_role_taken_away_in_the_middle_is_said_and_nothing_is_written(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    with session() as db:
        db.execute(
            update(tables.Membership)
            .where(tables.Membership.user_id == team.who("ann").user_id)
            .values(role=Role.viewer)
        )
    with pytest.raises(PermissionDenied, match="reviewer"):
        team.act("ann", team.ids[0], ACCEPT)
    with pytest.raises(PermissionDenied):
        leases.renew(team.who("ann"), team.round.id, team.ids)
    assert count(tables.Decision) == 0
    leases.release(team.who("ann"), team.round.id)
    assert team.queue("bob") == team.ids, "leaving works without the role"


def test_an_item_deleted_with_its_round_is_not_found(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    with session() as db:
        db.execute(delete(tables.Round).where(tables.Round.id == team.round.id))
    for call in (
        lambda: team.act("ann", team.ids[0], ACCEPT),
        lambda: leases.renew(team.who("ann"), team.round.id, team.ids),
        lambda: team.queue("ann"),
    ):
        with pytest.raises(NotFound, match=f"no round {team.round.id}"):
            call()
    assert count(tables.Lease) == 0


def test_a_round_that_went_on_meanwhile_freezes_and_says_so(database: str) -> None:
    team = Team(prompts=1)
    team.queue("ann")
    reviews.close(team.curator, team.round.id)
    with pytest.raises(reviews.Conflict, match="frozen"):
        team.act("ann", team.ids[0], ACCEPT)
    with reading() as db:
        assert db.scalars(select(tables.Round.status)).one() is RoundStatus.running


def test_a_resent_decision_takes_no_slot_and_says_the_same(database: str) -> None:
    team = Team(prompts=1)
    first = team.act("bob", team.ids[0], ACCEPT)
    act = Act(uuid.uuid4().hex, REJECT, team.ids[0])
    late = reviews.decide_many(team.who("ann"), team.round.id, [act])[0]
    team.take_back("bob", first)
    leases.release(team.who("bob"), team.round.id)
    again = reviews.decide_many(team.who("ann"), team.round.id, [act])[0]
    assert late.decision == again.decision
    assert again.late_because == late.late_because
    assert [who for _, who, _ in team.slots(team.ids[0])] == [None]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_lease_that_is_lost_while_it_is_waited_for_locks_nobody(database: str) -> None:
    team = Team(prompts=1, n=1)
    ann, bob = team.who("ann"), team.who("bob")
    team.queue("ann")
    with ThreadPoolExecutor(2) as pool:
        with session() as db:
            # Ann gives it back from another tab, decides in this one meanwhile, and Bob asks for it.
            slots.one_at_a_time(db, team.round.id)
            db.execute(update(tables.Lease).values(user_id=None, expires_at=now()))
            decided = pool.submit(team.act, "ann", team.ids[0], REJECT)
            waits(1)
            asked = pool.submit(leases.renew, bob, team.round.id, team.ids)
            waits(2)
        late, kept = decided.result().late_because, asked.result().kept
    assert (late is None) is (kept == ()), "one of them has it"
    assert team.slots(team.ids[0])[0][1] == (ann if late is None else bob).user_id


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("number", [1, 2])
def test_a_question_that_is_required_while_a_decision_waits_for_its_label_is_asked(database: str, number: int) -> None:
    team, label = Team(prompts=1), tables.Label
    acts = [Act(uuid.uuid4().hex, ACCEPT, n) for n in team.queue("ann")[:number]]
    with ThreadPoolExecutor(1) as pool:
        with session() as db:
            db.execute(select(label.sample_id).where(label.sample_id == acts[-1].sample_id).with_for_update())
            sent = pool.submit(reviews.decide_many, team.who("ann"), team.round.id, acts)
            waits(1)
            questions.add(team.curator, team.project.id, NewQuestion("Accuracy", is_required=True))
        with pytest.raises(reviews.Conflict, match="'Accuracy' has to be answered"):
            sent.result(PATIENCE)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_stranger_neither_holds_a_round_nor_waits_for_it(database: str) -> None:
    team = Team(prompts=1)
    stranger, viewer = rows.make_actor(), rows.make_actor(team.project, Role.viewer)
    with session() as db, ThreadPoolExecutor(1) as pool:
        lock_round(db, team.curator, team.round.id, alone=True)
        for who, why in ((stranger, NotFound), (viewer, PermissionDenied)):
            sent = pool.submit(reviews.decide_many, who, team.round.id, [Act(uuid.uuid4().hex, ACCEPT, team.ids[0])])
            with pytest.raises(why):
                sent.result(PATIENCE)


def test_a_decision_and_a_claim_run_no_more_statements_than_the_changelog_says(database: str) -> None:
    team = Team(prompts=4)
    who = team.who("ann")
    with statements() as claims:
        items = queue.queue(who, team.round.id, order=queue.Order.sequential, limit=2)
    decisions = []
    for item in items:
        with statements() as ran:
            reviews.decide_many(who, team.round.id, [Act(uuid.uuid4().hex, ACCEPT, item.sample_id)])
        decisions.append(len(ran))
    # SQLite's BEGIN is counted, and PostgreSQL writes a decision at once. The first decision counts what the person
    # decided.
    wanted = (18, [11, 10]) if database.startswith("sqlite") else (17, [7, 5])
    assert (len(claims), decisions) == wanted


@pytest.mark.on_sqlite
@pytest.mark.parametrize("mode", ["sample", "group", "pair"])
def test_no_statement_of_a_claim_or_a_decision_reads_a_whole_table(database: str, mode: str) -> None:
    team = Team(prompts=4, mode=mode, num_reviewers_per_item=2)
    ann = team.who("ann")
    with statements() as ran:
        for order in queue.Order:
            team.queue("ann", order=order, limit=3)
        if mode == "sample":
            acts = [Act(uuid.uuid4().hex, kind, n) for kind, n in zip((SKIP, ACCEPT, REJECT), team.ids, strict=False)]
            for some in ([acts[0]], [acts[1]], acts[2:]):
                reviews.decide_many(ann, team.round.id, some)
        else:
            for first, second in (team.ids[:2], team.ids[2:4]):
                team.act("ann", first, DecisionKind.prefer, value={"best": first, "worst": second})
        reviews.undo(ann, team.round.id)
    with reading() as db:
        plans = {
            statement: [row.detail for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
            for statement, given in ran
            if statement.startswith(("SELECT", "UPDATE", "WITH"))
        }
    scans = [(line, statement) for statement, plan in plans.items() for line in plan if line.startswith("SCAN")]
    assert [scan for scan in scans if not SHORT.match(scan[0])] == []
    assert plans


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile, with their parameters as the driver gets them."""
    ran: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        ran.append((args[2], args[3]))

    engines = (read_engine(), write_engine())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@pytest.mark.on_sqlite
def test_a_time_reaches_sqlite_in_the_one_format_of_its_columns(database: str) -> None:
    team = Team(prompts=4, num_reviewers_per_item=2)
    ann = team.who("ann")
    with statements() as ran:
        for name in ("ann", "bob"):
            for order in queue.Order:
                team.queue(name, order=order, limit=3)
            for n, kind in zip(team.ids, (ACCEPT, SKIP, REJECT), strict=False):
                team.act(name, n, kind)
        reviews.decide_many(ann, team.round.id, [Act(uuid.uuid4().hex, ACCEPT, n) for n in team.ids[2:4]])
        reviews.undo(ann, team.round.id)
        leases.renew(ann, team.round.id, team.ids)
        leases.release(ann, team.round.id)

    def is_raw(given: Any) -> bool:
        if isinstance(given, (list, tuple)):
            return any(is_raw(value) for value in given)
        return isinstance(given, datetime)

    assert [statement for statement, given in ran if is_raw(given)] == [], "a parameter without the column's type"


def test_what_one_call_skips_and_then_decides_is_decided_in_time(database: str) -> None:
    team = Team(prompts=2)
    held, free = team.queue("ann", limit=1)[0], team.ids[-1]
    acts = [Act(uuid.uuid4().hex, kind, n) for n in (held, free) for kind in (SKIP, ACCEPT)]
    done = reviews.decide_many(team.who("ann"), team.round.id, acts)
    assert [one.late_because for one in done] == [None] * 4
    for n in (held, free):
        assert team.slots(n) == [(0, team.who("ann").user_id, True)]
        assert team.label(n)[2] is LabelSource.person
    other = team.ids[1]
    reviews.decide_many(team.who("ann"), team.round.id, [Act(uuid.uuid4().hex, kind, other) for kind in (SKIP, SKIP)])
    assert team.queue("bob", limit=1) == [other], "what is only skipped is free"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_several_acts_on_items_one_holds_wait_for_no_claim(database: str) -> None:
    team = Team(prompts=2)
    ann, (first, second) = team.who("ann"), team.queue("ann", limit=2)
    acts = [Act(uuid.uuid4().hex, kind, n) for kind, n in ((ACCEPT, first), (SKIP, second), (ACCEPT, second))]
    with ThreadPoolExecutor(1) as pool, session() as db:
        slots.one_at_a_time(db, team.round.id)
        sent = pool.submit(reviews.decide_many, ann, team.round.id, acts)
        done = sent.result(PATIENCE)  # whoever claims may wait for one of its leases
    assert [one.late_because for one in done] == [None] * 3
    assert [team.slots(n)[0][2] for n in (first, second)] == [True, True]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_decision_whose_lease_another_transaction_locks_is_not_late(database: str) -> None:
    team = Team(prompts=1, n=1)
    team.queue("ann")
    with ThreadPoolExecutor(1) as pool:
        with session() as db:
            db.scalars(select(tables.Lease.slot).with_for_update()).all()
            sent = pool.submit(team.act, "ann", team.ids[0], REJECT)
            waits(1)
        done = sent.result(PATIENCE)
    assert done.late_because is None
    assert team.slots(team.ids[0]) == [(0, team.who("ann").user_id, True)]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_decision_on_one_of_a_group_holds_no_label_of_the_others(database: str) -> None:
    team, label = Team(prompts=1, mode="group"), tables.Label
    act = Act(uuid.uuid4().hex, ACCEPT, team.ids[0])
    with session() as db:
        places = places_of(db, team.round, review_settings.read(team.round.review), [act])
        with session() as other:
            free = list(other.scalars(select(label.sample_id).with_for_update(skip_locked=True)))
    assert (places[act.client_id].members, free) == (tuple(team.ids), team.ids[1:])
