"""Gold items: met once by each reviewer, told by nothing, no part of any label."""

import pytest

from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import gold, leases, reviewer_stats, reviews, samples
from backend.services.review_queue import Item
from backend.values import LabelSource, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team


def marked(**review: object) -> tuple[Team, list[int]]:
    team = Team(prompts=20, gold_share=0.3, **review)
    known = team.ids[::5]
    assert gold.mark(team.curator, team.round.id, known, Verdict.accept, reason="checked by hand") == 8
    return team, known


def test_every_reviewer_meets_each_gold_item_at_most_once(database: str) -> None:
    team, known = marked()
    for name in ("ann", "bob"):
        met: list[int] = []
        for _ in range(8):
            items = team.queue(name, limit=5)
            met += [n for n in items if n in known]
            for n in items:
                team.act(name, n, ACCEPT)
        assert len(met) == len(set(met))
        assert len(met) >= 3, "about a third of 20 or 40"
    assert len(team.decisions(is_gold=True)) == len({(d.user_id, d.sample_id) for d in team.decisions(is_gold=True)})


def test_a_gold_decision_changes_no_label_and_takes_no_slot(database: str) -> None:
    team, known = marked()
    before = team.label(known[0])
    for name in ("ann", "bob", "cid"):
        done = team.act(name, known[0], REJECT)
        assert (done.late_because, done.others) == (None, ())
        assert done.judge is not None
    assert team.label(known[0]) == before
    assert team.slots(known[0]) == []
    assert [d.is_gold for d in team.decisions()] == [True] * 3
    assert reviews.progress(team.curator, team.round.id).samples == 32, "gold items are no part of the work"


def test_nothing_tells_a_gold_item_from_others(database: str) -> None:
    team, known = marked()
    items = team.items("ann", limit=30)
    there = [item for item in items if item.sample_id in known]
    others = [item for item in items if item.sample_id not in known]
    assert there
    assert others

    def face(item: Item) -> tuple[object, ...]:
        return (item.lease_until is None, item.is_random, item.reason, item.judge, item.members, item.others)

    assert {face(item) for item in there} == {face(item) for item in others}
    assert len({item.lease_until for item in items}) == 1
    assert leases.holders(team.who("ann"), team.round.id, [item.sample_id for item in items]) == []
    team.act("ann", there[0].sample_id, ACCEPT)
    assert reviewer_stats.mine(team.who("ann"), team.round.id).decided == 1
    assert reviews.progress(team.who("ann"), team.round.id).mine.decided == 1
    team.act("ann", others[0].sample_id, ACCEPT)
    listed = {row.id: row for row in samples.page(team.who("ann"), team.round.id).rows}
    assert listed[there[0].sample_id].source is listed[others[0].sample_id].source is LabelSource.person
    items = [item for item in items if item is not there[0]]
    renewed = leases.renew(team.who("ann"), team.round.id, [item.sample_id for item in items])
    assert set(renewed.kept) == {item.sample_id for item in items}
    assert renewed.lost == ()


def test_accuracy_goes_by_each_persons_last_word(database: str) -> None:
    team, known = marked()
    team.act("ann", known[0], REJECT)
    team.act("ann", known[0], ACCEPT)
    team.act("ann", known[1], ACCEPT)
    team.act("ann", known[2], REJECT)
    wrong = team.act("bob", known[0], REJECT)
    found = {one.who: (one.right, one.number) for one in gold.accuracy(team.curator, team.round.id)}
    assert found == {team.who("ann").name: (2, 3), team.who("bob").name: (0, 1)}
    team.take_back("bob", wrong)
    assert len(gold.accuracy(team.curator, team.round.id)) == 1
    assert [one.met for one in gold.list_gold(team.curator, team.round.id)][:3] == [2, 1, 1]


def test_gold_items_stay_out_of_the_ordinary_queue_until_unmarked(database: str) -> None:
    team = Team(prompts=2)
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.reject)
    assert team.queue("ann") == team.ids[1:]
    assert gold.unmark(team.curator, team.round.id, team.ids) == 1
    assert team.queue("ann") == team.ids
    team.act("ann", team.ids[0], REJECT)
    assert team.label(team.ids[0])[2] is LabelSource.person


def test_gold_is_for_curators_and_for_what_nobody_has_decided(database: str) -> None:
    team = Team(prompts=1)
    for call in (
        lambda: gold.mark(team.who("ann"), team.round.id, team.ids, Verdict.accept),
        lambda: gold.list_gold(team.who("ann"), team.round.id),
        lambda: gold.accuracy(team.who("ann"), team.round.id),
        lambda: gold.unmark(team.who("ann"), team.round.id, team.ids),
    ):
        with pytest.raises(PermissionDenied):
            call()
    team.act("ann", team.ids[0], ACCEPT)
    with pytest.raises(Conflict, match="decided by reviewers already"):
        gold.mark(team.curator, team.round.id, team.ids, Verdict.accept)
    other = Team(prompts=1)
    with pytest.raises(NotFound, match="no sample"):
        gold.mark(team.curator, team.round.id, other.ids, Verdict.accept)
    with pytest.raises(NotFound):
        gold.list_gold(rows.make_actor(rows.make_project()), team.round.id)
