"""Each reviewer's figures, and what is left."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.db import now, reading, session, tables
from backend.db.filters import Filters
from backend.errors import PermissionDenied
from backend.metrics import _agreement as measures
from backend.services.decisions import bulk, cast_votes, decision_columns
from backend.services.team import removals, reviewers
from backend.values import DecisionKind, Role, RoundStatus, Verdict
from tests import rows
from tests.integration.test_agreement import Place


@pytest.fixture
def place(database: str) -> Place:
    return Place()


def test_how_many_how_fast_and_how_often_the_judge_was_overridden(place: Place) -> None:
    for sample, seconds, is_override in zip(place.samples, (2.0, 4.0, 9.0), (False, True, True), strict=False):
        rows.make_decision(sample, place.ada, "accept", seconds=seconds, is_override=is_override)
    rows.make_decision(place.samples[3], place.ada, "skip", seconds=None)
    rows.make_decision(place.samples[4], place.ada, "accept", is_late=True, seconds=1.0)
    one = reviewers.mine(place.ada, place.round.id)
    assert (one.name, one.decided, one.skipped, one.late, one.overrides) == ("Ada", 3, 1, 1, 2)
    assert one.seconds == 3.0  # the middle of 1, 2, 4 and 9
    assert one.minutes == pytest.approx(16 / 60)
    assert one.last_at is not None


def test_a_decision_that_was_removed_and_restored_counts_once(place: Place) -> None:
    rows.make_decision(place.samples[0], place.ada, "accept", seconds=1e12)
    rows.make_decision(place.samples[1], place.ada, "skip", seconds=10.0)
    rows.make_decision(place.samples[2], place.ada, "accept", is_late=True, seconds=20.0)
    admin = rows.make_actor(place.project)
    done = removals.remove(admin, place.round.id, place.ada.user_id, reason="did not read")
    removals.undo(admin, place.round.id, done.id)
    (one,) = [one for one in reviewers.everyone(place.curator, place.round.id) if one.name == "Ada"]
    assert (one.skipped, one.late, one.minutes) == (1, 1, pytest.approx(320 / 60))
    assert one.done_at is not None


def test_what_was_taken_back_is_neither_skipped_nor_late(place: Place) -> None:
    """Its seconds were spent all the same."""
    skip = rows.make_decision(place.samples[0], place.ada, "skip", seconds=10.0)
    late = rows.make_decision(place.samples[1], place.ada, "accept", is_late=True, seconds=20.0)
    rows.make_decision(place.samples[2], place.ada, "skip", seconds=30.0)
    one = reviewers.mine(place.ada, place.round.id)
    assert (one.skipped, one.late, one.minutes) == (2, 1, pytest.approx(20 / 60))
    for row in (skip, late):
        sample = next(sample for sample in place.samples if sample.id == row.sample_id)
        rows.make_decision(sample, place.ada, "retract", retracts_id=row.id, seconds=None)
    one = reviewers.mine(place.ada, place.round.id)
    assert (one.skipped, one.late, one.minutes) == (1, 0, pytest.approx(20 / 60))


def test_a_rewritten_item_is_decided_in_the_team_as_it_is_for_oneself(place: Place) -> None:
    place.say(place.ada, "aax")
    rows.make_decision(place.samples[3], place.ada, "edit")
    place.say(place.ada, "....aa", is_late=True)
    (team,) = [one for one in reviewers.everyone(place.curator, place.round.id) if one.name == "Ada"]
    own = reviewers.mine(place.ada, place.round.id)
    assert team.decided == own.decided == 4
    assert team.judge.n == 3, "a rewrite is no word on the judge"


def test_agreement_with_judge_and_colleagues(place: Place) -> None:
    place.say(place.ada, "axaa")
    place.say(place.ben, "ax", is_random=True)
    place.say(place.ben, "..xx")
    ada, ben = (reviewers.mine(actor, place.round.id) for actor in (place.ada, place.ben))
    assert (ada.judge.value, ada.judge.n, ada.judge_random.n) == (0.75, 4, 0)
    assert (ben.judge_random.value, ben.judge_random.n) == (1.0, 2)
    assert ada.colleagues.value == ben.colleagues.value == 0.5
    assert ada.colleagues.n == 4


def test_several_colleagues_are_no_second_rater(place: Place) -> None:
    cid = rows.make_actor(place.project, Role.reviewer)
    for actor, said in ((place.ada, "axaxax"), (place.ben, "axaaax"), (cid, "xxaxxx....")):
        place.say(actor, said)
    ada = reviewers.mine(place.ada, place.round.id)
    words = list(zip("axaxax", "axaaax", "xxaxxx", strict=True))
    assert ada.colleagues_alpha.value == pytest.approx(measures.alpha(words).value)
    assert ada.colleagues_alpha.n == 6, "items, not pairs of people"


def test_gold_accuracy_is_told_to_curators_at_once_and_to_oneself_at_the_end(place: Place) -> None:
    with session() as db:
        for sample, verdict in zip(place.samples, (Verdict.accept, Verdict.reject), strict=False):
            db.add(tables.GoldItem(sample_id=sample.id, round_id=place.round.id, verdict=verdict, created_at=now()))
    place.say(place.ada, "aa", is_gold=True)
    (one,) = reviewers.everyone(place.curator, place.round.id)
    assert (one.gold_seen, one.gold_right, one.decided) == (2, 1, 2), "decided is what the person sees, too"
    assert reviewers.mine(place.ada, place.round.id).gold_seen is None
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.done))
    assert reviewers.mine(place.ada, place.round.id).gold_right == 1


def test_the_last_word_on_a_gold_item_counts(place: Place) -> None:
    with session() as db:
        db.add(
            tables.GoldItem(
                sample_id=place.samples[0].id, round_id=place.round.id, verdict=Verdict.reject, created_at=now()
            )
        )
    place.say(place.ada, "a", is_gold=True)
    place.say(place.ada, "x", is_gold=True)
    (one,) = reviewers.everyone(place.curator, place.round.id)
    assert (one.gold_seen, one.gold_right) == (1, 1)


def test_what_is_left_is_shared_by_those_who_are_at_it(place: Place) -> None:
    place.say(place.ada, "ax", seconds=10.0)
    assert reviewers.mine(place.ada, place.round.id).left == 8
    place.say(place.ben, "..ax", seconds=20.0)
    ada, ben = (reviewers.mine(actor, place.round.id) for actor in (place.ada, place.ben))
    assert (ada.left, ada.seconds_left, ada.is_assigned) == (3, 30.0, False)
    assert (ben.left, ben.seconds_left) == (3, 60.0)
    assert ben.done_at is not None
    assert abs(ben.done_at - now() - timedelta(seconds=60)) < timedelta(seconds=30)
    with session() as db:
        db.execute(update(tables.Decision).values(created_at=now() - timedelta(hours=2)))
    assert reviewers.mine(place.ada, place.round.id).left == 6  # nobody else is at it now


def test_assigned_items_are_what_is_left_for_their_person(place: Place) -> None:
    with session() as db:
        for sample in place.samples[:4]:
            db.add(
                tables.Assignment(
                    sample_id=sample.id, user_id=place.ada.user_id, round_id=place.round.id, created_at=now()
                )
            )
    place.say(place.ada, "a....x")
    ada = reviewers.mine(place.ada, place.round.id)
    assert (ada.left, ada.is_assigned) == (3, True)


def test_several_reviewers_an_item_leave_more_to_do(place: Place) -> None:
    place.say(place.ada, "ax")
    with session() as db:
        db.execute(update(tables.Round).values(review={"num_reviewers_per_item": 3, "overlap_share": 0.5}))
    assert reviewers.mine(place.ada, place.round.id).left == 10 * 2 - 2


def test_nothing_is_left_when_the_review_is_over(place: Place) -> None:
    place.say(place.ada, "a")
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.done))
    one = reviewers.mine(place.ada, place.round.id)
    assert (one.left, one.seconds_left) == (0, 0.0)


def test_who_did_nothing_yet_sees_zeros(place: Place) -> None:
    one = reviewers.mine(place.ben, place.round.id)
    assert (one.name, one.decided, one.seconds, one.seconds_left, one.judge.value) == ("Ben", 0, None, None, None)
    assert one.left == 10


def test_everyone_is_listed_with_the_busiest_first_and_needs_a_curator(place: Place) -> None:
    place.say(place.ada, "a")
    place.say(place.ben, "ax")
    assert [one.name for one in reviewers.everyone(place.curator, place.round.id)] == ["Ben", "Ada"]
    with pytest.raises(PermissionDenied):
        reviewers.everyone(place.ada, place.round.id)
    with pytest.raises(PermissionDenied):
        reviewers.mine(rows.make_actor(place.project, Role.viewer), place.round.id)


def test_ones_own_figures_read_only_the_items_one_decided(place: Place) -> None:
    place.say(place.ada, "ax")
    place.say(place.ben, "xxaaxxaax")
    with reading() as db:
        decisions = decision_columns.read(db, db.get_one(tables.Round, place.round.id))
    own = cast_votes.cast(decisions, 0.5, items_of=place.ada.user_id)
    assert Counter(own.user.tolist()) == {place.ada.user_id: 2, place.ben.user_id: 2}
    assert len(cast_votes.cast(decisions, 0.5)) == 11
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.done))
    (told,) = [one for one in reviewers.everyone(place.curator, place.round.id) if one.name == "Ada"]
    own = reviewers.mine(place.ada, place.round.id)
    assert replace(own, judge_kappa=told.judge_kappa, colleagues_alpha=told.colleagues_alpha) == told


def test_what_a_bulk_action_labelled_is_left_for_nobody(place: Place) -> None:
    place.say(place.ada, "ax")
    seen = bulk.preview(place.curator, place.round.id, Filters(verdict=("reject",)), DecisionKind.accept)
    reason = {"reason": "all of them", "token": seen.token}
    bulk.apply(place.curator, place.round.id, Filters(verdict=("reject",)), DecisionKind.accept, **reason)
    assert reviewers.mine(place.ada, place.round.id).left == 10 - 2 - 4
