"""Assignments: given by filter or by item, offered to nobody else."""

import pytest

from app.widgets.closing_lines import closing_lines
from backend.db.filters import Filters
from backend.errors import InvalidInput, PermissionDenied
from backend.services import reviews
from backend.services.people import accounts
from backend.services.queue import Order, assignments, gold
from backend.services.reviews import close_rules, review_closing
from backend.services.team import reviewers as reviewer_stats
from backend.values import Role, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team


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
    assigneds = assignments.list_assigned(bob, team.round.id)
    assert [(entry.who, entry.number, entry.decided) for entry in assigneds] == [(ann.name, 2, 1)]


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
    assert reviewer_stats.mine(ann, team.round.id).is_assigned
    team.act("ann", team.ids[3], ACCEPT)
    assert not reviewer_stats.mine(ann, team.round.id).is_assigned
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
        mine = reviewer_stats.mine(ann, team.round.id)
        assert (mine.left, mine.is_assigned) == ((1, True) if left else (2, False)), "after these, what is open"
        assert not {*team.ids[: 2 - left]} & {*team.queue("ann", peek=True)}
    (entry,) = assignments.list_assigned(team.curator, team.round.id)
    assert (entry.number, entry.decided) == (2, 2)


def decide_all(team: Team, names: tuple[str, ...], *, skips: int = 0) -> int:
    """Let these people take turns, a few items each, until nobody is offered anything; return how many they decided."""
    number = 0
    while True:
        before = number
        for name in names:
            for n in team.queue(name, limit=3, order=Order.informativeness):
                is_skip = name == names[-1] and skips and n % skips == 0
                number += not is_skip
                team.act(name, n, SKIP if is_skip else ACCEPT)
        if number == before:
            return number


def test_assigned_items_with_overlap_are_decided_to_the_end_and_the_review_closes(database: str) -> None:
    rows.make_user(is_owner=True)
    team = Team(prompts=15, num_reviewers_per_item=2, gold_share=0.2, close_rule="all_decided")
    gold.mark(team.curator, team.round.id, team.ids[::4], Verdict.accept)
    assignments.assign(team.curator, team.round.id, team.who("ann").user_id, sample_ids=team.ids[:10])
    assignments.assign(team.curator, team.round.id, team.who("bob").user_id, sample_ids=team.ids[15:])
    assert decide_all(team, ("cid", "dan")) == 2 * 5, "what was given to others waits for them"
    assert decide_all(team, ("ann",)) == 10 + 0
    at = reviews.progress(team.curator, team.round.id)
    assert (at.decided, at.remaining, at.complete) == (15, 25, 5)
    assert review_closing.closing(team.curator, team.round.id).half_reviewed == 10
    assert close_rules.close_due() == []
    decide_all(team, ("cid", "dan", "ann", "bob", "eve"), skips=4)
    assert reviews.progress(team.curator, team.round.id).remaining == 0
    assert all(len({row.user_id for row in team.decisions(sample_id=n) if row.kind is ACCEPT}) == 2 for n in team.ids)
    assert close_rules.close_due() == [team.round.id]


def test_what_its_person_skipped_is_open_to_others(database: str) -> None:
    team = Team(prompts=1)
    assignments.assign(team.curator, team.round.id, team.who("ann").user_id, sample_ids=team.ids)
    assert team.queue("bob") == []
    team.act("ann", team.ids[0], SKIP)
    assert team.queue("bob") == team.ids[:1]


def test_closing_says_what_is_open(database: str) -> None:
    team = Team(prompts=4, num_reviewers_per_item=2)
    gold.mark(team.curator, team.round.id, team.ids[5:6], Verdict.accept)
    assignments.assign(team.curator, team.round.id, team.who("dan").user_id, sample_ids=team.ids[6:])
    for name, kind in (("ann", ACCEPT), ("bob", REJECT)):
        for n in team.ids[:2]:
            team.act(name, n, kind)
    team.act("ann", team.ids[2], ACCEPT)
    team.act("ann", team.ids[5], REJECT)
    at = review_closing.closing(team.curator, team.round.id)
    assert (at.items, at.undecided, at.half_reviewed, at.unsettled, at.assigned_undecided) == (8, 4, 2, 2, 2)
    assert (at.known_labels, at.accepted_by_people, at.rejected_by_people) == (1, 3, 1), "gold by its known label"
    lines = closing_lines(at)
    assert [line.split(";")[0] for line in lines if line.startswith("Open")] == [
        "Open: 4 of 8 items are not decided by anybody",
        "Open: 2 of 8 items are decided by fewer people than they should be",
        "Open: 2 of 8 items are assigned and not decided by their person",
        "Open: 2 of 8 items are disputed and not settled",
    ]
    with pytest.raises(PermissionDenied):
        review_closing.closing(team.who("ann"), team.round.id)
