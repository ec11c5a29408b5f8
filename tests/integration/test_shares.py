"""What is asked of a person: a share that is dealt out, or a quota at which their queue ends; and who is paused."""

import pytest

from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.services import audit, notices
from backend.services.people import accounts
from backend.services.queue import assignments, gold, pauses, shares
from backend.services.queue.shares import Ask
from backend.services.reviews import close_rules
from backend.services.team import removals
from backend.values import NoticeKind, Role, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team


def given(team: Team, name: str) -> set[int]:
    """What the person's queue has for them, of what was given to somebody."""
    return {item.sample_id for item in team.items(name, limit=100, peek=True) if item.reason == "Assigned to you."}


def test_shares_are_dealt_out_and_offered_to_nobody_else(database: str) -> None:
    team = Team(prompts=10)
    ann, bob = team.who("ann"), team.who("bob")
    asked = shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=50), Ask(bob.user_id, share=25)])
    assert {entry.user_id: (entry.share, entry.asked, entry.done) for entry in asked} == {
        ann.user_id: (50, 10, 0),
        bob.user_id: (25, 5, 0),
    }
    hers, his = given(team, "ann"), given(team, "bob")
    assert (len(hers), len(his), len(hers | his)) == (10, 5, 15)
    assert set(team.queue("cid", limit=100, peek=True)) == {*team.ids} - hers - his
    team.act("ann", min(hers), ACCEPT)
    again = shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=60)])
    assert [(entry.asked, entry.done) for entry in again if entry.user_id == ann.user_id] == [(12, 1)], (
        "what is lacking is dealt"
    )
    assert len(given(team, "bob")) == 5
    accounts.remove(rows.make_actor(team.project), team.project.id, bob.user_id)
    assert his <= set(team.queue("cid", limit=100, peek=True)), "what was dealt to who has left is anybody's"
    assert not next(
        entry for entry in shares.listing(team.curator, team.round.id) if entry.user_id == bob.user_id
    ).may_decide
    shares.ask(team.curator, team.round.id, [Ask(team.who("cid").user_id, share=40)])
    assert len(given(team, "cid")) == 8, "and is dealt again"


def test_each_item_is_dealt_to_as_many_as_decide_on_it(database: str) -> None:
    team = Team(prompts=6, num_reviewers_per_item=2)
    three = [Ask(team.who(name).user_id, share=60) for name in ("ann", "bob", "cid")]
    shares.ask(team.curator, team.round.id, three)
    everyone = [given(team, name) for name in ("ann", "bob", "cid")]
    assert [len(some) for some in everyone] == [7, 7, 7]
    for n in team.ids:
        assert sum(n in some for some in everyone) <= 2
    with pytest.raises(InvalidInput, match="add up to 210 %, and the reviewers that items want to 200 %"):
        shares.ask(team.curator, team.round.id, [Ask(entry.user_id, share=70) for entry in three])
    with pytest.raises(InvalidInput, match="both a share and a quota"):
        Ask(1, share=5, quota=5)


def test_a_queue_ends_at_its_quota_whatever_is_reserved(database: str) -> None:
    team = Team(prompts=5)
    ann = team.who("ann")
    shares.ask(team.curator, team.round.id, [Ask(ann.user_id, quota=3)])
    first = team.queue("ann", limit=2)
    assert len(first) == 2
    assert len(team.queue("ann", limit=5, held=first)) == 1, "a second desk gets what is left"
    assert len(team.queue("ann", limit=5)) == 3, "a reload goes on with what is reserved, and no more"
    for n in team.ids[:2]:
        team.act("ann", n, ACCEPT)
    team.act("ann", team.ids[2], REJECT)
    with pytest.raises(Conflict, match="You have decided 3 of the 3 items that are asked of you"):
        team.queue("ann")
    mine = shares.mine(ann, team.round.id)
    assert mine is not None
    assert (mine.asked, mine.done) == (3, 3)
    shares.ask(team.curator, team.round.id, [Ask(ann.user_id)])
    assert len(team.queue("ann", limit=5)) == 5
    assert shares.listing(team.curator, team.round.id) == []


def test_who_is_below_the_gold_score_is_paused_until_a_curator_lets_them_go_on(database: str) -> None:
    rows.make_user(is_owner=True)
    team = Team(prompts=10, pause_below=0.8, pause_items=4)
    ann, bob, known = team.who("ann"), team.who("bob"), team.ids[:8]
    gold.mark(team.curator, team.round.id, known, Verdict.accept)
    assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[12:14])
    waiting = team.queue("ann", limit=2)
    for n in known[:3]:
        team.act("ann", n, REJECT)
    close_rules.close_due()
    assert shares.listing(team.curator, team.round.id) == [], "three are fewer than four"
    team.act("ann", known[3], ACCEPT)
    close_rules.close_due()
    close_rules.close_due()
    [paused] = shares.listing(team.curator, team.round.id)
    assert paused.pause_reason == "1 of 4 items of known label were right, and 80% are asked."
    with pytest.raises(PermissionDenied, match="1 of 4 items"):
        team.queue("ann")
    with pytest.raises(PermissionDenied, match="Ask a curator"):
        team.act("ann", waiting[0], ACCEPT)
    assert set(team.ids[12:14]) <= set(team.queue("bob", limit=100, peek=True)), "nobody waits for who is paused"
    told = [entry.text for entry in notices.listing(team.curator).entries if entry.kind is NoticeKind.reviewer_paused]
    assert told == [f"{ann.name} is paused in round 1: 1 of 4 items of known label were right, and 80% are asked."]
    with pytest.raises(PermissionDenied):
        pauses.resume(bob, team.round.id, ann.user_id, reason="no")
    removals.remove(team.curator, team.round.id, ann.user_id, reason="below the gold score")
    assert set(known[:4]) <= set(team.queue("bob", limit=100, peek=True)), "what was set aside is offered again"
    with pytest.raises(InvalidInput, match="needs a reason"):
        pauses.resume(team.curator, team.round.id, ann.user_id, reason=" ")
    pauses.resume(team.curator, team.round.id, ann.user_id, reason="talked it over")
    close_rules.close_due()
    assert team.queue("ann"), "what was said before pauses nobody again"
    done = [(entry.verb, entry.details.get("reason")) for entry in audit.listing(team.curator, team.project.id).entries]
    assert ("resume reviewer", "talked it over") in done
    assert ("pause reviewer", paused.pause_reason) in done
    for n in known[4:]:
        team.act("ann", n, REJECT)
    close_rules.close_due()
    assert [entry.pause_reason for entry in shares.listing(team.curator, team.round.id)] == [
        "0 of 4 items of known label were right, and 80% are asked."
    ]


def test_only_curators_ask_and_pause(database: str) -> None:
    team = Team(prompts=1)
    ann = team.who("ann")
    for act in (
        lambda: shares.ask(ann, team.round.id, [Ask(ann.user_id, quota=1)]),
        lambda: pauses.pause(ann, team.round.id, ann.user_id, reason="x"),
        lambda: shares.listing(ann, team.round.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    viewer = rows.make_actor(team.project, Role.viewer)
    with pytest.raises(InvalidInput, match="cannot decide"):
        shares.ask(team.curator, team.round.id, [Ask(viewer.user_id, quota=1)])
