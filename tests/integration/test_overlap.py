"""Several reviewers an item: never more than wanted, the majority's verdict, visibility, and the queue that mixes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from backend.db import reading, session, tables
from backend.services import queue, review_settings, reviews
from backend.services.decisions import bulk, labels
from backend.services.decisions.bulk import Filters
from backend.services.queue import Order, orders
from backend.services.reviews import Act, settings_edit
from backend.values import DecisionKind, LabelSource, Verdict
from tests.integration.reviewing import ACCEPT, REJECT, SCORE, Team


def test_k_people_get_an_item_and_the_next_one_does_not(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    assert team.queue("ann") == team.queue("bob") == team.ids
    assert team.queue("cid") == []
    team.act("ann", team.ids[0], REJECT)
    team.act("bob", team.ids[0], REJECT)
    late = team.act("cid", team.ids[0], ACCEPT)
    assert (
        late.late_because
        == "2 others have decided this meanwhile; yours is kept in the history and counts in no label."
    )
    assert team.label(team.ids[0])[0] is Verdict.reject
    assert [d.is_late for d in team.decisions()] == [False, False, True]


def test_twenty_people_who_decide_at_once_never_overshoot(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=3)
    people = [team.who(f"p{n}") for n in range(20)]

    def decide(n: int) -> int:
        acts = [Act(f"client-{n}-{sample_id}", ACCEPT, sample_id) for sample_id in team.ids[:: (-1) ** n]]
        return sum(
            act_result.late_because is None for act_result in reviews.decide_many(people[n], team.round.id, acts)
        )

    with ThreadPoolExecutor(10) as pool:
        counted = sum(pool.map(decide, range(20)))
    assert counted == 3 * len(team.ids)
    assert len(team.decisions(is_late=False)) == 3 * len(team.ids)
    assert len(team.decisions()) == 20 * len(team.ids), "none is lost"
    for n in team.ids:
        assert [(slot, done) for slot, _, done in team.slots(n)] == [(0, True), (1, True), (2, True)]


def test_the_majority_decides_and_a_tie_is_the_judges(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=3)
    good, bad = team.ids
    team.act("ann", good, REJECT)
    assert team.label(good)[0] is Verdict.reject
    team.act("bob", good, ACCEPT)
    assert team.label(good)[0] is Verdict.accept, "one against one: as the judge said"
    third = team.act("cid", good, REJECT)
    assert team.label(good)[0] is Verdict.reject
    team.take_back("cid", third)
    assert team.label(good)[0] is Verdict.accept
    team.act("ann", bad, SCORE, score=5.0)
    team.act("bob", bad, SCORE, score=4.0)
    team.act("cid", bad, REJECT)
    assert team.label(bad) == (Verdict.accept, 4.5, LabelSource.person), "the mean of the scores there are"


def test_a_persons_last_word_is_their_vote(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=3)
    n = team.ids[0]
    for kind in (ACCEPT, ACCEPT, REJECT):
        team.act("ann", n, kind)
    team.act("bob", n, REJECT)
    assert team.label(n)[0] is Verdict.reject, "two reject, however often one of them accepted"


def test_a_bulk_action_stands_above_the_votes_before_it(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    n = team.ids[0]
    team.act("ann", n, REJECT)
    team.act("bob", n, REJECT)
    token = bulk.preview(team.curator, team.round.id, Filters(), ACCEPT).token
    batch = bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, reason="all right", token=token)
    assert team.label(n)[0] is Verdict.accept
    bulk.undo(team.curator, batch.id)
    assert team.label(n)[0] is Verdict.reject


def test_outside_the_overlap_one_reviewer_is_enough(database: str) -> None:
    team = Team(prompts=60, num_reviewers_per_item=2, overlap_share=0.3)
    settings = review_settings.read(team.round.review)
    shared = [n for n in team.ids if settings.reviewers_of(n) == 2]
    assert 15 <= len(shared) <= 60
    first = team.queue("ann", limit=100)
    everything = [*first, *team.queue("ann", limit=100, held=first)]
    assert sorted(everything) == team.ids
    assert sorted(team.queue("bob", limit=100)) == shared
    assert all(len(team.slots(n)) == settings.reviewers_of(n) for n in team.ids)


def test_what_others_began_comes_first_until_it_is_complete(database: str) -> None:
    team = Team(prompts=3, num_reviewers_per_item=2)
    last = team.ids[-1]
    team.act("ann", last, REJECT)
    first = team.items("bob", limit=2)
    assert [item.sample_id for item in first] == [last, team.ids[0]]
    assert first[0].reason == "Others have decided this one too: it needs one more word."
    assert last not in team.queue("ann"), "their own word is said"
    team.act("bob", last, REJECT)
    assert last not in team.queue("cid")


def test_others_are_seen_after_ones_own_word_or_where_the_round_says_so(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    n = team.ids[0]
    team.act("ann", n, REJECT, note="too short")
    assert team.items("bob")[0].others == ()
    done = team.act("bob", n, ACCEPT)
    assert [(entry.who, entry.kind, entry.note) for entry in done.others] == [
        (team.who("ann").name, REJECT, "too short")
    ]
    assert team.items("bob", include=[n])[0].others == done.others
    settings_edit.edit_review(team.curator, team.round.id, {"others_visible": True, "num_reviewers_per_item": 3})
    assert [entry.is_override for entry in done.others] == [True], "bob may see the judge by now"
    assert [entry.is_override for entry in team.items("cid")[0].others] == [None, None], (
        "the judge's verdict would follow"
    )


def test_more_reviewers_reopen_items_and_fewer_close_them(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=1)
    for n in team.ids:
        team.act("ann", n, REJECT)
    assert team.queue("bob") == []
    settings_edit.edit_review(team.curator, team.round.id, {"num_reviewers_per_item": 2})
    assert team.queue("bob") == team.ids
    team.act("bob", team.ids[0], ACCEPT)
    assert team.label(team.ids[0])[0] is Verdict.accept, "a tie is the judge's"
    settings_edit.edit_review(team.curator, team.round.id, {"num_reviewers_per_item": 1})
    assert team.label(team.ids[0])[0] is Verdict.accept, "the latest word"
    assert team.queue("cid") == []
    assert reviews.progress(team.curator, team.round.id).remaining == 0


def test_the_random_share_is_marked_on_item_and_decision(database: str) -> None:
    team = Team(prompts=40, random_share=0.3, is_blind=False)
    items = team.items("ann", order=Order.informativeness, limit=60)
    drawn = {item.sample_id for item in items if item.is_random}
    assert 8 <= len(drawn) <= 30
    for item in items[:20]:
        team.act("ann", item.sample_id, ACCEPT)
    marked = {d.sample_id for d in team.decisions() if d.is_random}
    assert marked == drawn & {item.sample_id for item in items[:20]}
    assert marked
    assert not any(item.is_random for item in team.items("bob", order=Order.sequential))


def test_every_item_of_the_order_random_is_drawn_at_random(database: str) -> None:
    team = Team(prompts=20, num_reviewers_per_item=2, is_blind=False)
    team.act("bob", team.ids[0], ACCEPT)
    items = team.items("ann", order=Order.random, limit=10)
    assert [item.sample_id for item in items if not item.is_random] == [team.ids[0]], "bob began it"
    for item in items:
        team.act("ann", item.sample_id, ACCEPT)
    marked = {d.sample_id for d in team.decisions() if d.is_random}
    assert marked == {item.sample_id for item in items} - {team.ids[0]}
    rest = team.items("ann", order=Order.random, limit=100)
    assert {item.sample_id for item in items} | {item.sample_id for item in rest} == set(team.ids)
    assert all(item.is_random for item in rest)


def test_the_places_of_the_random_share_stay_after_a_reload(database: str) -> None:
    team = Team(prompts=40, random_share=0.3, is_blind=False)
    who = team.who("ann")

    def marks() -> list[bool]:
        items = queue.queue(who, team.round.id, order=Order.informativeness, limit=30, peek=True)
        return [item.reason is not None and "random" in item.reason for item in items]

    first = marks()
    assert first == marks()
    assert sum(first) > 2


def test_a_look_without_taking_leaves_no_lease(database: str) -> None:
    team = Team(prompts=1)
    assert team.queue("ann", peek=True) == team.queue("bob", peek=True) == team.ids
    assert team.slots(team.ids[0]) == []


@pytest.mark.on_sqlite
def test_what_is_known_of_a_group_takes_time_with_its_samples_and_not_with_their_square(database: str) -> None:
    def steps(number: int) -> int:
        """Hundreds of SQLite's own steps for a group of so many samples, half of them decided."""
        team, label = Team(prompts=1, n=number), tables.Label
        with session() as db:
            values = {"source": LabelSource.person, "verdict": Verdict.accept}
            db.execute(update(label).where(label.sample_id.in_(team.ids[::2])).values(values))
        counted = []
        with reading() as db:
            driver: Any = db.connection().connection.driver_connection
            driver.set_progress_handler(lambda: counted.append(1), 100)
            known = orders.with_what_is_known(db, dict.fromkeys(team.ids[1::2], 0.5))
            driver.set_progress_handler(None, 0)
        assert set(known.values()) != {0.5}
        return len(counted)

    assert steps(400) < 8 * steps(80), "five times as many; their square is 25 times as many"


@pytest.mark.parametrize("kind", [ACCEPT, REJECT])
def test_taken_back_items_come_back_into_the_order_by_informativeness(database: str, kind: object) -> None:
    team = Team(prompts=1)
    with session() as db:
        for n in team.ids:
            db.add(
                tables.Informativeness(
                    sample_id=n, round_id=team.round.id, informativeness=n / 1000, why="cut", is_open=True
                )
            )
    entry = team.act("ann", team.ids[1], kind)  # type: ignore[arg-type]
    assert team.queue("ann", order=Order.informativeness) == team.ids[:1]
    team.take_back("ann", entry)
    assert team.queue("ann", order=Order.informativeness) == team.ids[::-1]
    with session() as db:
        labels.recompute(db, team.ids)
    assert team.queue("ann", order=Order.informativeness) == team.ids[::-1]


def test_fewer_reviewers_leave_no_slot_too_many_open_whoever_holds_it(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=3)
    first, other = team.ids
    for name in ("ann", "bob", "cid"):
        team.queue(name)
    team.act("cid", first, REJECT)
    for name in ("ann", "bob"):
        team.act(name, other, REJECT)
    settings_edit.edit_review(team.curator, team.round.id, {"num_reviewers_per_item": 2})
    assert sorted(done for _, _, done in team.slots(first)) == [False, True]
    assert [done for _, _, done in team.slots(other)] == [True, True]
    assert reviews.progress(team.curator, team.round.id).remaining == 1
    done = [team.act(name, n, REJECT) for name, n in (("ann", first), ("bob", first), ("cid", other))]
    assert [entry.late_because is None for entry in done] == [True, False, False], "two of each count"
    assert reviews.progress(team.curator, team.round.id).remaining == 0
    settings_edit.edit_review(team.curator, team.round.id, {"num_reviewers_per_item": 3})
    assert reviews.progress(team.curator, team.round.id).remaining == 2
    assert team.queue("dan") == team.ids
    assert team.queue("eve") == []


def test_a_rewrite_is_that_persons_word_on_the_item(database: str) -> None:
    team = Team(prompts=1)
    first = team.queue("ann")[0]
    done = team.act("ann", first, DecisionKind.edit, text="better")
    assert team.slots(first) == [(0, team.who("ann").user_id, True)]
    assert first not in team.queue("bob")
    assert reviews.progress(team.who("ann"), team.round.id).mine.decided == 1
    assert reviews.progress(team.curator, team.round.id).remaining == 1
    assert team.act("bob", first, ACCEPT).late_because is not None
    team.take_back("ann", done)
    assert team.slots(first) == [(0, team.who("ann").user_id, False)]


def test_a_rewrite_that_comes_late_changes_nothing(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], ACCEPT)
    late = team.act("bob", team.ids[0], DecisionKind.edit, text="worse")
    assert late.late_because is not None
    assert team.label(team.ids[0])[0] is Verdict.accept
    assert late.decision.edit_id is not None
    assert team.label(late.decision.edit_id)[::2] == (None, LabelSource.none), "kept, and not trained on"
