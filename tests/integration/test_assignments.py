"""Assignments: given by filter or by item, offered to nobody else."""

import pytest

from backend.db.filters import Filters
from backend.errors import InvalidInput, PermissionDenied
from backend.services import accounts, assignments, gold, reviewer_stats
from backend.services.review_queue import Order
from backend.values import Role, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, SKIP, Team


def test_assigned_items_come_first_and_to_nobody_else(database: str) -> None:
    team = Team(prompts=3)
    ann, bob = team.who("ann"), team.who("bob")
    assert assignments.count(team.curator, team.round.id, sample_ids=team.ids[4:]) == 2
    assert assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[4:]) == 2
    for order in Order:
        mine = team.items("ann", order=order, peek=True)
        assert [item.sample_id for item in mine][:2] == team.ids[4:], order
        assert mine[0].reason == "Assigned to you."
        assert not set(team.queue("bob", order=order, peek=True)) & set(team.ids[4:])
    team.act("ann", team.ids[4], ACCEPT)
    assert team.queue("ann", peek=True)[0] == team.ids[5]
    found = assignments.list_assigned(bob, team.round.id)
    assert [(one.who, one.number, one.decided) for one in found] == [(ann.name, 2, 1)]


def test_a_filter_is_assigned_whole_and_taken_back(database: str) -> None:
    team = Team(prompts=3)
    ann = team.who("ann")
    low = Filters(max_score=3.0)
    assert assignments.count(team.curator, team.round.id, filters=low) == 3
    assert assignments.assign(team.curator, team.round.id, ann.user_id, filters=low) == 3
    assert assignments.assign(team.curator, team.round.id, ann.user_id, filters=low) == 3, "again is the same"
    assert team.queue("bob") == team.ids[::2]
    assert assignments.unassign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[:2]) == 1
    assert assignments.unassign(team.curator, team.round.id, ann.user_id) == 2
    assert team.queue("bob") == team.ids


def test_an_item_given_to_two_people_is_offered_to_both(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    for name in ("ann", "bob"):
        assignments.assign(team.curator, team.round.id, team.who(name).user_id, sample_ids=team.ids)
    assert team.queue("ann") == team.queue("bob") == team.ids
    assert team.queue("cid") == []
    team.act("ann", team.ids[0], ACCEPT)
    assert team.queue("bob", peek=True) == team.ids
    assert team.queue("ann", peek=True) == team.ids[1:]


def test_a_group_is_assigned_by_any_of_its_samples(database: str) -> None:
    team = Team(prompts=2, n=3, scores=(1.0,), mode="group")
    assert assignments.assign(team.curator, team.round.id, team.who("ann").user_id, sample_ids=team.ids[4:6]) == 1
    assert team.queue("bob") == [team.ids[0]]
    assert team.queue("ann") == [team.ids[3]]


def test_assigning_needs_a_curator_and_a_reviewer(database: str) -> None:
    team = Team(prompts=1)
    viewer, stranger = rows.make_actor(team.project, Role.viewer), rows.make_actor(rows.make_project())
    with pytest.raises(PermissionDenied):
        assignments.assign(team.who("ann"), team.round.id, team.who("ann").user_id, sample_ids=team.ids)
    for who in (viewer, stranger):
        with pytest.raises(InvalidInput, match="cannot decide in this project"):
            assignments.assign(team.curator, team.round.id, who.user_id, sample_ids=team.ids)
    with pytest.raises(InvalidInput, match="Say which items"):
        assignments.count(team.curator, team.round.id)


def test_what_was_given_to_somebody_who_may_no_longer_decide_is_anybodys(database: str) -> None:
    team, owner = Team(prompts=2), accounts.local_owner()
    admin = rows.make_actor(team.project)
    for n, name in zip(team.ids, ("ann", "bob", "cid"), strict=False):
        assignments.assign(team.curator, team.round.id, team.who(name).user_id, sample_ids=[n])
    assignments.assign(team.curator, team.round.id, owner.user_id, sample_ids=team.ids[3:])
    assert team.queue("dee", peek=True) == []
    accounts.deactivate(owner, team.who("ann").user_id)
    accounts.remove(admin, team.project.id, team.who("bob").user_id)
    accounts.set_role(admin, team.project.id, team.who("cid").user_id, Role.viewer)
    assert sorted(team.queue("dee", peek=True)) == team.ids[:3], "an owner may decide in every project"


@pytest.mark.parametrize("reviewers", [1, 2])
def test_what_others_completed_is_neither_left_nor_assigned(database: str, reviewers: int) -> None:
    team = Team(prompts=4, num_reviewers_per_item=reviewers)
    ann, others = team.who("ann"), ("bob", "cid")[:reviewers]
    assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[:4])
    for name in others:
        for n in (team.ids[0], team.ids[7]):
            team.act(name, n, ACCEPT)
    team.act("ann", team.ids[1], ACCEPT)
    team.act("ann", team.ids[2], SKIP)
    assert (
        reviewer_stats.mine(ann, team.round.id).left == len(set(team.queue("ann", peek=True)) & set(team.ids[:4])) == 1
    )
    team.act("ann", team.ids[3], ACCEPT)
    assert reviewer_stats.mine(ann, team.round.id).left == 0
    assert assignments.count(team.curator, team.round.id, sample_ids=team.ids[6:]) == 1


def test_a_gold_item_is_assigned_offered_and_done_like_any_other(database: str) -> None:
    team = Team(prompts=2)
    ann = team.who("ann")
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.accept, reason="checked by hand")
    assert assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[:2]) == 2
    assert team.queue("ann", limit=2) == team.ids[:2]
    assert reviewer_stats.mine(ann, team.round.id).left == 2
    for left, n in zip((1, 0), team.ids, strict=False):
        team.act("ann", n, ACCEPT)
        assert reviewer_stats.mine(ann, team.round.id).left == left
        assert not {*team.ids[: 2 - left]} & {*team.queue("ann", peek=True)}
    (one,) = assignments.list_assigned(team.curator, team.round.id)
    assert (one.number, one.decided) == (2, 2)
