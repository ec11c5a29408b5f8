"""What ends a review by itself, and what people see of it until then."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.services import reviews
from backend.services.decisions import item_counts, leases, slow_counts
from backend.services.people import accounts
from backend.services.queue import gold
from backend.services.reviews import close_rules, review_progress, settings_edit
from backend.services.team import removals
from backend.values import DecisionKind, LabelSource, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team, count
from tests.waiting import until


def owned(**review: object) -> Team:
    """A team in an installation that has an owner, for whom rules act."""
    rows.make_user(is_owner=True)
    return Team(**review)  # type: ignore[arg-type]


def status(team: Team) -> tuple[RoundStatus, Stage]:
    with reading() as db:
        row = db.get_one(tables.Round, team.round.id)
        return row.status, row.stage


def test_a_review_closes_when_all_items_are_decided(database: str) -> None:
    team = owned(prompts=2, close_rule="all_decided")
    gold.mark(team.curator, team.round.id, team.ids[3:], Verdict.accept)
    for n in team.ids[:2]:
        team.act("ann", n, ACCEPT)
    team.act("ann", team.ids[2], SKIP)
    assert close_rules.close_due() == []
    team.act("bob", team.ids[2], REJECT)
    assert close_rules.close_due() == [], "a gold item is decided like any other"
    team.act("bob", team.ids[3], REJECT)
    assert close_rules.close_due() == [team.round.id]
    assert status(team) == (RoundStatus.running, Stage.select)
    assert close_rules.close_due() == []
    assert count(tables.Job) == 1
    with reading() as db:
        noted = db.scalars(select(tables.Event).where(tables.Event.verb == "close review")).one()
    assert (noted.via, noted.details["because"]) == ("rule", "rule all_decided: 4 of 4 items are decided")


def test_all_items_means_all_reviewers_of_each(database: str) -> None:
    team = owned(prompts=1, close_rule="all_decided", num_reviewers_per_item=2)
    for name in ("ann", "bob"):
        assert close_rules.close_due() == []
        for n in team.ids:
            team.act(name, n, REJECT)
    assert reviews.progress(team.curator, team.round.id).remaining == 0
    assert close_rules.close_due() == [team.round.id]


def test_all_groups_decided_is_all_decided(database: str) -> None:
    team = owned(prompts=2, close_rule="all_decided", mode="group")
    for n in team.ids[::2]:
        assert close_rules.close_due() == []
        team.act("ann", n, DecisionKind.prefer, value={"best": n, "worst": None})
    assert close_rules.close_due() == [team.round.id]


def test_a_review_closes_when_reviewers_agree(database: str) -> None:
    team = owned(prompts=15, close_rule="agreement", close_agreement=0.9, num_reviewers_per_item=2)
    for place, n in enumerate(team.ids[:20]):
        team.act("ann", n, ACCEPT)
        team.act("bob", n, ACCEPT if place > 2 else REJECT)
    assert close_rules.close_due() == [], "17 of 20"
    team.act("bob", team.ids[0], ACCEPT)
    assert close_rules.close_due() == [team.round.id], "18 of 20"


def test_a_review_closes_when_the_minutes_are_spent(database: str) -> None:
    team = owned(prompts=2, close_rule="minutes", close_minutes=2)
    team.act("ann", team.ids[0], ACCEPT, seconds=70.0)
    assert close_rules.close_due() == []
    team.act("bob", team.ids[1], ACCEPT, seconds=50.0)
    assert close_rules.close_due() == [team.round.id]
    with pytest.raises(Conflict, match="frozen"):
        team.act("ann", team.ids[2], ACCEPT)


def test_nobody_closes_a_review_by_claiming_hours(database: str) -> None:
    team = owned(prompts=2, close_rule="minutes", close_minutes=9)
    for seconds in (1e12, -1.0, math.inf, math.nan):
        with pytest.raises(InvalidInput, match="seconds"):
            team.act("ann", team.ids[0], ACCEPT, seconds=seconds)
    team.act("ann", team.ids[0], ACCEPT, seconds=80_000.0)
    assert close_rules.close_due() == [], "one item counts for five minutes"
    admin = rows.make_actor(team.project)
    done = removals.remove(admin, team.round.id, team.who("ann").user_id, reason="did not read")
    removals.undo(admin, team.round.id, done.id)
    assert close_rules.close_due() == [], "nor twice, after it was taken out and put back"
    team.act("bob", team.ids[1], ACCEPT, seconds=240.0)
    assert close_rules.close_due() == [team.round.id]


def test_several_processes_that_look_at_once_close_once(database: str) -> None:
    team = owned(prompts=1, close_rule="all_decided")
    for n in team.ids:
        team.act("ann", n, ACCEPT)
    with ThreadPoolExecutor(6) as pool:
        closed = list(pool.map(lambda _: close_rules.close_due(), range(6)))
    assert sorted(map(len, closed)) == [0] * 5 + [1]
    assert count(tables.Job) == 1


def test_the_keeper_looks_by_itself_until_it_is_stopped(database: str) -> None:
    team = owned(prompts=1, close_rule="all_decided")
    keeper = close_rules.CloseWatch(every_seconds=0.05)
    keeper.start()
    try:
        for n in team.ids:
            team.act("ann", n, ACCEPT)
        until(lambda: status(team)[0] is not RoundStatus.review)
    finally:
        keeper.stop()
    assert status(team) == (RoundStatus.running, Stage.select)


def test_a_rule_acts_for_whoever_launched_the_round_while_they_are_here(database: str) -> None:
    first, second = (rows.make_actor(is_owner=True) for _ in range(2))
    team = Team(prompts=1)
    for launched, expected in ((second, second), (team.curator, team.curator), (team.who("ann"), team.who("ann"))):
        team.round.created_by = launched.user_id
        with reading() as db:
            actor = close_rules.on_behalf(db, team.round)
        assert actor is not None
        assert (actor.user_id, actor.via) == (expected.user_id, "rule")
    accounts.deactivate(first, team.who("ann").user_id)
    with reading() as db:
        actor = close_rules.on_behalf(db, team.round)
    assert actor is not None
    assert actor.user_id == first.user_id


def test_one_round_that_cannot_be_read_keeps_no_other_open(database: str, caplog: pytest.LogCaptureFixture) -> None:
    broken, team = Team(prompts=1), owned(prompts=1, close_rule="all_decided")
    with session() as db:
        db.get_one(tables.Round, broken.round.id).review = {"close_rule": "whenever"}
    for n in team.ids:
        team.act("ann", n, ACCEPT)
    assert close_rules.close_due() == [team.round.id]
    assert f"Round {broken.round.id} could not be looked at" in caplog.text


def test_by_hand_nothing_closes_by_itself(database: str) -> None:
    team = owned(prompts=1)
    for n in team.ids:
        team.act("ann", n, ACCEPT)
    assert close_rules.close_due() == []


def test_progress_says_who_is_here_how_fast_and_when_it_ends(database: str) -> None:
    team = Team(prompts=5)
    mine = team.queue("ann", limit=2)
    for n in mine:
        team.act("ann", n, REJECT, seconds=9.0)
    leases.renew(team.who("bob"), team.round.id, [])
    progress = reviews.progress(team.who("ann"), team.round.id)
    assert (progress.samples, progress.decided, progress.remaining, progress.share) == (10, 2, 8, 0.2)
    assert [(p.name, p.decided, p.per_hour, p.is_here) for p in progress.people] == [
        (team.who("ann").name, 2, pytest.approx(400.0), True),
        (team.who("bob").name, 0, None, True),
    ]
    assert progress.ends_at is not None
    assert progress.ends_at > now(), "8 more at 2 a quarter of an hour"
    leases.release(team.who("ann"), team.round.id)
    with session() as db:
        db.execute(update(tables.Presence).values(seen_at=now().replace(year=2020)))
    assert not any(p.is_here for p in reviews.progress(team.who("ann"), team.round.id).people)


def test_counts_that_took_long_stand_for_a_while(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=5)
    monkeypatch.setattr(slow_counts, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(slow_counts, "STANDS", 1e6)
    assert reviews.progress(team.curator, team.round.id).decided == 0
    team.act("ann", team.ids[0], ACCEPT)
    assert reviews.progress(team.curator, team.round.id).decided == 0
    monkeypatch.setattr(item_counts, "_counted", slow_counts.SlowCounts())
    assert reviews.progress(team.curator, team.round.id).decided == 1


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A moment at which the clock of estimates stands."""
    at = now()
    monkeypatch.setattr(review_progress, "now", lambda: at)
    return at


def until_the_end(team: Team, noon: datetime, *, since: float) -> float:
    """In seconds, where all decisions were made so many minutes ago."""
    with session() as db:
        db.execute(update(tables.Decision).values(created_at=noon - timedelta(minutes=since)))
    progress = reviews.progress(team.curator, team.round.id)
    assert progress.ends_at is not None
    return (progress.ends_at - noon).total_seconds()


def test_the_end_is_estimated_from_the_first_decision_of_late(database: str, noon: datetime) -> None:
    team = Team(prompts=5)
    for n in team.ids[:2]:
        team.act("ann", n, ACCEPT)
    pace = "a minute is the least that a pace goes by"
    assert until_the_end(team, noon, since=0.1) == pytest.approx(4 * 60), pace
    assert until_the_end(team, noon, since=5) == pytest.approx(8 / 2 * 5 * 60)


def test_the_end_does_not_count_the_time_while_a_review_was_closed(database: str, noon: datetime) -> None:
    team = Team(prompts=5)
    for n in team.ids[:3]:
        team.act("ann", n, ACCEPT)
    with session() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        round_.reopened = {"at": (noon - timedelta(minutes=4)).isoformat(), "reason": "one more look"}
    with session() as db:
        db.execute(update(tables.Decision).values(created_at=noon - timedelta(minutes=12)))
    assert reviews.progress(team.curator, team.round.id).ends_at is None, "nothing is decided since"
    team.act("ann", team.ids[3], ACCEPT)
    with session() as db:
        last = select(func.max(tables.Decision.id)).scalar_subquery()
        change = update(tables.Decision).where(tables.Decision.id == last)
        db.execute(change.values(created_at=noon - timedelta(minutes=3)))
    ends_at = reviews.progress(team.curator, team.round.id).ends_at
    assert ends_at is not None
    assert (ends_at - noon).total_seconds() == pytest.approx(6 * 3 * 60)


def test_the_end_counts_every_reviewer_an_item_lacks(database: str, noon: datetime) -> None:
    team = Team(prompts=5, num_reviewers_per_item=3)
    for n in team.ids[:2]:
        team.act("ann", n, ACCEPT)
    team.act("bob", team.ids[0], ACCEPT)
    team.queue("cid", limit=5)  # what is only reserved is wanted as much
    assert until_the_end(team, noon, since=3) == pytest.approx((8 * 3 + 1 + 2) / 3 * 3 * 60)


def test_settings_change_while_the_round_waits_and_not_after(database: str) -> None:
    team = Team(prompts=1)
    changed = settings_edit.edit_review(team.curator, team.round.id, {"reservation_minutes": 3, "others_visible": True})
    assert (changed.reservation_minutes, changed.others_visible, changed.random_share) == (3, True, 0.0)
    with pytest.raises(InvalidInput, match="num_reviewers_per_item"):
        settings_edit.edit_review(team.curator, team.round.id, {"num_reviewers_per_item": 0})
    with pytest.raises(InvalidInput, match="review setting no_such"):
        settings_edit.edit_review(team.curator, team.round.id, {"no_such": 1})
    with pytest.raises(PermissionDenied):
        settings_edit.edit_review(team.who("ann"), team.round.id, {})
    reviews.close(team.curator, team.round.id)
    with pytest.raises(Conflict, match="review is over"):
        settings_edit.edit_review(team.curator, team.round.id, {"reservation_minutes": 5})


def test_a_label_that_a_curator_changed_underneath_is_told(database: str) -> None:
    from backend.services.decisions import bulk

    team = Team(prompts=1)
    team.queue("ann")
    token = bulk.preview(team.curator, team.round.id, bulk.Filters(), ACCEPT).token
    bulk.apply(team.curator, team.round.id, bulk.Filters(), ACCEPT, reason="all right", token=token)
    done = team.act("ann", team.ids[0], REJECT)
    assert done.meanwhile == (
        f"{team.curator.name} had decided this in a bulk action (accept); your word stands above it now."
    )
    assert team.label(team.ids[0])[::2] == (Verdict.reject, LabelSource.person)
