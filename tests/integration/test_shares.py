"""What is asked of a person: a share that is dealt out, or a quota at which their queue ends; and who is paused."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import audit, notices, queue, review_settings, reviews
from backend.services.decisions import leases, slots
from backend.services.notices import hooks
from backend.services.people import accounts
from backend.services.questions import answers
from backend.services.queue import assignments, gold, pauses, shares
from backend.services.queue.shares import Ask
from backend.services.reviews import Act, close_rules
from backend.services.team import removals
from backend.values import DecisionKind, NoticeKind, Role, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team, waits


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
    with pytest.raises(InvalidInput, match="add up to 105%, with the 85% of others, and"):
        shares.ask(team.curator, team.round.id, [Ask(team.who("cid").user_id, share=20)])
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
    with pytest.raises(InvalidInput, match="add up to 210%, and the reviewers that items want to 200%"):
        shares.ask(team.curator, team.round.id, [Ask(entry.user_id, share=70) for entry in three])
    ann = team.who("ann")
    with pytest.raises(InvalidInput, match=f"^{ann.name} has both a share and a quota"):
        shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=5, quota=5)])


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


def test_a_lower_share_takes_back_what_is_not_decided(database: str) -> None:
    team = Team(prompts=10)
    ann = team.who("ann")
    shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=50)])
    hers = sorted(given(team, "ann"))
    team.act("ann", hers[0], ACCEPT)
    held = team.queue("ann", limit=1, held=hers[:1])
    [lower] = shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=10)])
    assert (lower.asked, lower.done, lower.taken) == (2, 1, 8)
    assert given(team, "ann") == {*held}, "the one that is decided, and the one that is held"
    assert len(set(hers) & {*team.queue("bob", limit=100, peek=True)}) == 8
    pauses.pause(team.curator, team.round.id, ann.user_id, reason="away")
    [again] = shares.ask(team.curator, team.round.id, [Ask(ann.user_id, share=20)])
    assert (again.asked, again.given) == (4, 2), "who is paused is not given twice what they have"
    [back] = shares.ask(team.curator, team.round.id, [Ask(ann.user_id)])
    assert (back.asked, back.taken) == (1, 3)


def test_a_quota_binds_two_desks_and_what_is_decided_without_a_queue(database: str) -> None:
    team = Team(prompts=10)
    ann = team.who("ann")
    shares.ask(team.curator, team.round.id, [Ask(ann.user_id, quota=4)])
    with ThreadPoolExecutor(4) as pool:
        desks = list(pool.map(lambda _: queue.queue(ann, team.round.id, limit=3), range(8)))
    held = {item.sample_id for desk in desks for item in desk}
    assert len(held) <= 4
    team.queue("ann", limit=4, held=sorted(held))
    team.run_out()
    held = {*team.queue("ann", limit=4)}
    assert len(held) == 4, "what ran out is theirs while nobody takes it"
    free = [n for n in team.ids if n not in held]
    assert leases.renew(ann, team.round.id, free).kept == ()
    with pytest.raises(Conflict, match="have decided 0 and hold 4"):
        team.act("ann", free[0], ACCEPT)
    for n in held:
        assert team.act("ann", n, ACCEPT).late_because is None
    with pytest.raises(Conflict, match="You have decided 4 of the 4 items"):
        team.act("ann", free[0], ACCEPT)
    assert team.act("ann", min(held), REJECT).late_because is None, "another word on the same item"


def test_nothing_undoes_a_pause_but_a_curator(database: str) -> None:
    team = Team(prompts=4)
    ann, mine = team.who("ann"), team.queue("ann", limit=4)
    done = team.act("ann", mine[0], ACCEPT)
    picked = queue.Picked(team.ids[4:6])
    pauses.pause(team.curator, team.round.id, ann.user_id, reason="away")
    with pytest.raises(PermissionDenied, match="is stopped: away"):
        leases.renew(ann, team.round.id, mine)
    with pytest.raises(PermissionDenied, match="is stopped: away"):
        queue.claim(ann, team.round.id, review_settings.read(team.round.review), picked, 2)
    with pytest.raises(PermissionDenied, match="is stopped: away"):
        answers.give(ann, team.round.id, [answers.NewAnswer(uuid.uuid4().hex, mine[1], 1)])
    team.take_back("ann", done)
    for n in mine:
        assert team.slots(n) == [(0, None, False)]
        with pytest.raises(PermissionDenied, match="is stopped: away"):
            team.act("ann", n, ACCEPT)
    with pytest.raises(PermissionDenied):
        removals.remove(team.curator, team.round.id, ann.user_id, reason="paused by hand")


def test_a_rewritten_text_of_a_group_is_refused_in_a_pause(database: str) -> None:
    team = Team(prompts=1, mode="group")
    done = team.act("ann", team.ids[0], DecisionKind.edit, text="better").decision
    pauses.pause(team.curator, team.round.id, team.who("ann").user_id, reason="away")
    with pytest.raises(PermissionDenied, match="is stopped: away"):
        team.act("ann", team.ids[0], DecisionKind.edit, text="best")
    with pytest.raises(NotFound):
        team.act("ann", 10**9, DecisionKind.edit, text="best")
    again = Act(done.client_id, DecisionKind.edit, team.ids[0], text="better")
    [resent] = reviews.decide_many(team.who("ann"), team.round.id, [again])
    assert resent.decision == done, "what was written before is told, paused or not"


def test_what_a_round_does_not_allow_is_refused_before_a_slot_is_asked_for(database: str) -> None:
    team, far = Team(prompts=2), {"score": 99.0}
    ann = team.who("ann")
    with pytest.raises(InvalidInput, match="not on this round's scale"):
        team.act("ann", team.ids[0], DecisionKind.score, **far)
    assert team.slots(team.ids[0]) == []
    shares.ask(team.curator, team.round.id, [Ask(ann.user_id, quota=1)])
    team.act("ann", team.ids[1], ACCEPT)
    with pytest.raises(InvalidInput, match="not on this round's scale"):
        team.act("ann", team.ids[0], DecisionKind.score, **far)
    pauses.pause(team.curator, team.round.id, ann.user_id, reason="away")
    with pytest.raises(InvalidInput, match="not on this round's scale"):
        team.act("ann", team.ids[0], DecisionKind.score, **far)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_pause_while_a_desk_beats_leaves_no_lease(database: str) -> None:
    team = Team(prompts=4)
    ann, mine = team.who("ann"), team.queue("ann", limit=4)
    with ThreadPoolExecutor(2) as pool:
        with session() as db:
            slots.one_at_a_time(db, team.round.id)
            beat = pool.submit(leases.renew, ann, team.round.id, mine)
            waits(1)
            paused = pool.submit(pauses.pause, team.curator, team.round.id, ann.user_id, reason="away")
            waits(2)
        beat.exception()
        paused.result()
    with pytest.raises(PermissionDenied):
        leases.renew(ann, team.round.id, mine)
    with reading() as db:
        assert list(db.scalars(select(tables.Lease.sample_id).where(tables.Lease.user_id == ann.user_id))) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_pause_and_a_claim_do_not_wait_in_a_circle(database: str) -> None:
    team = Team(prompts=4)
    ann, bob = team.who("ann"), team.who("bob")
    with ThreadPoolExecutor(1) as pool:
        with session() as db:
            slots.one_at_a_time(db, team.round.id)
            paused = pool.submit(pauses.pause, team.curator, team.round.id, ann.user_id, reason="away")
            waits(1)  # with the round locked
            settings = review_settings.read(team.round.review)
            won = slots.claim(db, bob, team.round.id, settings, team.ids[:2])
        paused.result()
    assert won == team.ids[:2]


def low_at(team: Team, name: str) -> int:
    """How many decisions the person goes on before the rule pauses them, whose score fell with the last one."""
    user_id = team.who(name).user_id
    return pauses.delay(team.round.id, user_id, team.decisions(user_id=user_id)[-1].id)


def test_who_is_below_the_gold_score_is_paused_until_a_curator_lets_them_go_on(database: str) -> None:
    rows.make_user(is_owner=True)
    owner = accounts.local_owner(via="page")
    team = Team(prompts=15, pause_below=0.8, pause_items=4)
    ann, bob, known, others = team.who("ann"), team.who("bob"), team.ids[:8], team.ids[8:28]
    gold.mark(team.curator, team.round.id, known, Verdict.accept)
    assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[28:])
    hooks.add(owner, team.project.id, "https://rondo.example/hook", [NoticeKind.reviewer_paused])
    waiting = team.queue("ann", limit=2)
    for n, kind in zip(known, (REJECT, REJECT, REJECT, ACCEPT), strict=False):
        team.act("ann", n, kind)
    further = low_at(team, "ann")
    assert 3 <= further <= 10
    for n in others[: further - 1]:
        team.act("ann", n, ACCEPT)
    close_rules.close_due()
    assert shares.listing(team.curator, team.round.id) == [], "a queue that stopped now would name a gold item"
    team.act("ann", others[further - 1], ACCEPT)
    close_rules.close_due()
    close_rules.close_due()
    [paused] = shares.listing(team.curator, team.round.id)
    assert paused.pause_reason == pauses.BY_RULE
    with pytest.raises(PermissionDenied, match=r"is stopped: Too few items of known label were right\. What"):
        team.queue("ann")
    with pytest.raises(PermissionDenied, match="Ask a curator"):
        team.act("ann", waiting[0], ACCEPT)
    assert set(team.ids[28:]) <= set(team.queue("bob", limit=100, peek=True)), "nobody waits for who is paused"
    counts = "1 of 4 items of known label were right, and 80% are asked."
    told = [entry.text for entry in notices.listing(team.curator).entries if entry.kind is NoticeKind.reviewer_paused]
    assert told == [f"{ann.name} is paused in round 1: {counts}"]
    assert counts not in str(notices.listing(ann).entries)
    with reading() as db:
        assert [sent["text"] for sent in db.scalars(select(tables.Delivery.body))] == told, "programs hear of it once"
    with pytest.raises(PermissionDenied):
        pauses.resume(bob, team.round.id, ann.user_id, reason="no")
    removal = removals.remove(team.curator, team.round.id, ann.user_id, reason="below the gold score")
    assert set(known[:4]) <= set(team.queue("bob", limit=100, peek=True)), "what was set aside is offered again"
    assert removals.undo(team.curator, team.round.id, removal.id) == 0
    with pytest.raises(InvalidInput, match="needs a reason"):
        pauses.resume(team.curator, team.round.id, ann.user_id, reason=" ")
    pauses.resume(team.curator, team.round.id, ann.user_id, reason="talked it over")
    done = [(entry.verb, entry.details.get("reason")) for entry in audit.listing(team.curator, team.project.id).entries]
    assert ("resume reviewer", "talked it over") in done
    assert ("pause reviewer", counts) in done
    with reading() as db:
        settings = review_settings.read(team.round.review)
        for n in known[:4]:
            team.act("ann", n, REJECT)
        assert pauses.scores(db, team.round, settings) == [], "another word on an excused item pauses nobody"
    for n in known[4:]:
        team.act("ann", n, REJECT)
    for n in others[: low_at(team, "ann")]:
        team.act("ann", n, REJECT)
    close_rules.close_due()
    assert [entry.user_id for entry in shares.listing(team.curator, team.round.id)] == [ann.user_id]
    reviews.close(team.curator, team.round.id)
    with pytest.raises(PermissionDenied):
        removals.remove(team.curator, team.round.id, ann.user_id, reason="the review is over")


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
