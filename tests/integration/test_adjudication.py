"""Adjudication: what reviewers disagree on is settled once, and all originals stay."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from backend.db import session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import reviews
from backend.services.decisions import bulk
from backend.services.decisions.bulk import Filters
from backend.services.reviews import Act
from backend.services.team import adjudication, agreement, removals
from backend.values import DecisionKind, Role, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, SCORE, SKIP, Team

PREFER = DecisionKind.prefer


def waiting(team: Team) -> list[int]:
    return [entry.item.sample_id for entry in adjudication.queue(team.curator, team.round.id)]


def settle(team: Team, n: int, kind: DecisionKind, **fields: object) -> reviews.ActResult:
    return adjudication.decide(team.curator, team.round.id, uuid.uuid4().hex, n, kind, **fields)  # type: ignore[arg-type]


def test_items_with_two_verdicts_wait_with_all_votes(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    a, b, c, d = team.ids
    for n, kinds in ((a, (ACCEPT, REJECT)), (b, (REJECT, REJECT)), (c, (REJECT,))):
        for name, kind in zip(("ann", "bob"), kinds, strict=False):
            team.act(name, n, kind, note=f"{name} says {kind}")
    team.act("ann", d, SCORE, score=4.5)
    team.act("bob", d, SCORE, score=3.5)
    assert waiting(team) == [a, d]
    assert adjudication.count(team.curator, team.round.id) == 2
    first = adjudication.queue(team.curator, team.round.id)[0]
    assert [(v.who, v.verdict, v.note) for v in first.votes] == [
        (team.who("ann").name, Verdict.accept, "ann says accept"),
        (team.who("bob").name, Verdict.reject, "bob says reject"),
    ]
    assert first.item.judge is not None, "a curator sees everything"
    assert [v.verdict for v in adjudication.queue(team.curator, team.round.id)[1].votes] == [
        Verdict.accept,
        Verdict.reject,
    ]
    assert adjudication.queue(team.curator, team.round.id, held=[a])[0].item.sample_id == d


def test_the_adjudication_stands_above_votes_before_and_after(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=3)
    n = team.ids[0]
    team.act("ann", n, ACCEPT)
    team.act("bob", n, REJECT)
    done = settle(team, n, REJECT)
    assert waiting(team) == []
    assert team.label(n)[0] is Verdict.reject
    later = team.act("cid", n, ACCEPT)
    assert (
        later.meanwhile
        == f"{team.curator.name} has settled this item; your word is kept and does not change the label."
    )
    assert team.label(n)[0] is Verdict.reject
    assert [d.is_adjudication for d in team.decisions()] == [False, False, True, False]
    assert len(team.slots(n)) == 3, "it took no slot"
    act = Act(uuid.uuid4().hex, RETRACT, retracts=done.decision.client_id)
    reviews.decide_many(team.curator, team.round.id, [act])
    assert team.label(n)[0] is Verdict.accept, "two of three votes"
    assert waiting(team) == [n]


def test_a_changed_mind_ends_the_dispute(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    n = team.ids[0]
    team.act("ann", n, ACCEPT)
    other = team.act("bob", n, REJECT)
    assert waiting(team) == [n]
    team.act("ann", n, REJECT)
    assert waiting(team) == []
    team.act("ann", n, ACCEPT)
    assert waiting(team) == [n]
    team.take_back("bob", other)
    assert waiting(team) == []


def test_late_words_and_skips_are_no_dispute(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], ACCEPT)
    team.act("bob", team.ids[0], REJECT)
    team.act("bob", team.ids[0], SKIP)
    assert waiting(team) == []


def test_the_same_adjudication_sent_again_is_one(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    first = adjudication.decide(team.curator, team.round.id, "same-client-id", team.ids[0], REJECT)
    again = adjudication.decide(team.curator, team.round.id, "same-client-id", team.ids[0], REJECT)
    assert first.decision == again.decision
    assert len(team.decisions()) == 1


def test_what_a_curator_settled_no_other_settles_over_it(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    n, second = team.ids[0], rows.make_actor(team.project, Role.curator)
    first = settle(team, n, ACCEPT)
    with pytest.raises(Conflict, match=f"^{team.curator.name} settled this item meanwhile: accept. Ask "):
        adjudication.decide(second, team.round.id, "second-client-id", n, REJECT)
    assert team.label(n)[0] is Verdict.accept
    assert settle(team, n, REJECT).meanwhile is None, "one's own word may be replaced"
    assert team.label(n)[0] is Verdict.reject
    for _ in range(2):
        adjudication.undo(team.curator, team.round.id, uuid.uuid4().hex)
    done = adjudication.decide(second, team.round.id, "second-client-id", n, REJECT)
    assert done.meanwhile is None
    again = adjudication.decide(team.curator, team.round.id, first.decision.client_id, n, ACCEPT)
    assert again.decision == first.decision, "what was written before is told again, not refused"
    assert team.label(n)[0] is Verdict.reject


def test_a_settled_group_is_not_settled_over_either(database: str) -> None:
    team = Team(prompts=1, n=3, scores=(5.0, 2.0, 4.0), mode="group", num_reviewers_per_item=2)
    (a, b, c), second = team.ids, rows.make_actor(team.project, Role.curator)
    settle(team, b, PREFER, value={"best": b, "worst": None})
    for kind, value in ((PREFER, {"all_bad": [a, b, c]}), (REJECT, {})):
        with pytest.raises(Conflict, match=f"settled this item meanwhile: sample {b} is best"):
            adjudication.decide(second, team.round.id, uuid.uuid4().hex, c, kind, value=value)
    assert team.label(b)[0] is Verdict.accept


def test_of_two_curators_at_once_one_settles_and_the_other_is_told(database: str) -> None:
    team = Team(prompts=6, num_reviewers_per_item=2)
    people = {ACCEPT: team.curator, REJECT: rows.make_actor(team.project, Role.curator)}

    def vote(n: int, kind: DecisionKind) -> str:
        try:
            adjudication.decide(people[kind], team.round.id, uuid.uuid4().hex, n, kind)
        except Conflict as error:
            return error.message
        return ""

    with ThreadPoolExecutor(8) as pool:
        reply = list(pool.map(lambda act: vote(*act), [(n, kind) for n in team.ids for kind in people]))
    for n, answers in zip(team.ids, zip(reply[::2], reply[1::2], strict=True), strict=True):
        (row,) = team.decisions(sample_id=n)
        assert str(team.label(n)[0]) == str(row.kind)
        refused = answers[1 if row.kind is ACCEPT else 0]
        assert refused.startswith(f"{people[row.kind].name} settled this item meanwhile: {row.kind}.")
        assert sorted(answers)[0] == ""


def test_undo_takes_back_ones_own_last_adjudication(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    a, b = team.ids[:2]
    for name, kind in (("ann", ACCEPT), ("bob", REJECT)):
        team.act(name, a, kind)
        team.act(name, b, kind)
    second = rows.make_actor(team.project, Role.curator)
    adjudication.decide(second, team.round.id, uuid.uuid4().hex, b, ACCEPT)
    settle(team, a, REJECT)
    reviews.decide(team.curator, uuid.uuid4().hex, team.ids[2], ACCEPT, round_id=team.round.id)
    assert waiting(team) == []
    done = adjudication.undo(team.curator, team.round.id, "undo-client-id")
    assert done.decision.sample_id == a
    assert adjudication.undo(team.curator, team.round.id, "undo-client-id").decision == done.decision
    assert waiting(team) == [a], "neither the other's adjudication nor a decision at the desk"
    result = adjudication.one_item(team.curator, team.round.id, a)
    assert result is not None
    assert [vote.who for vote in result.votes] == [team.who("ann").name, team.who("bob").name]
    with pytest.raises(NotFound, match="You have settled no item of this round"):
        adjudication.undo(team.curator, team.round.id, uuid.uuid4().hex)


def test_groups_on_which_people_differ_are_settled_as_groups(database: str) -> None:
    team = Team(prompts=2, n=3, scores=(5.0, 2.0, 4.0), mode="group", num_reviewers_per_item=2)
    a, b, c = team.ids[:3]
    team.act("ann", a, PREFER, value={"best": a, "worst": c})
    team.act("bob", a, PREFER, value={"best": b, "worst": c})
    team.act("ann", team.ids[3], PREFER, value={"best": team.ids[3], "worst": None})
    team.act("bob", team.ids[3], PREFER, value={"best": team.ids[3], "worst": team.ids[4]})
    assert waiting(team) == [a], "the best is the same, the worst may differ"
    settle(team, a, PREFER, value={"all_bad": [a, b, c]})
    assert waiting(team) == []
    assert {team.label(n)[0] for n in (a, b, c)} == {Verdict.reject}


def test_two_who_chose_the_same_text_agree(database: str) -> None:
    team = Team(prompts=1, n=3, scores=(5.0, 2.0, 4.0), mode="group", num_reviewers_per_item=2)
    a, b, _ = team.ids
    with session() as db:
        db.execute(update(tables.Sample).where(tables.Sample.id.in_((a, b))).values(text="the same"))
    team.act("ann", a, PREFER, value={"best": a, "worst": None})
    team.act("bob", a, PREFER, value={"best": b, "worst": None})
    assert waiting(team) == []
    (among,) = agreement.measure(team.curator, team.round.id).among
    assert among.percent.value == 1.0


def test_removing_a_persons_work_settles_nothing(database: str) -> None:
    """A removal and an undone bulk action write rows with a batch, and those are no word on the item."""
    team = Team(prompts=1, num_reviewers_per_item=3)
    admin, first = rows.make_actor(team.project, Role.admin), team.ids[0]
    for name, kind in (("ann", ACCEPT), ("bob", ACCEPT), ("cid", REJECT)):
        team.act(name, first, kind)
    removal = removals.remove(admin, team.round.id, team.who("ann").user_id, reason="left")
    assert waiting(team) == [first]
    assert reviews.progress(team.curator, team.round.id).remaining == 2, "one of three is missing again"
    removals.undo(admin, team.round.id, removal.id)
    assert waiting(team) == [first]
    looked = bulk.preview(team.curator, team.round.id, Filters(), ACCEPT)
    batch = bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, reason="all", token=looked.token)
    assert waiting(team) == []
    assert reviews.progress(team.curator, team.round.id).remaining == 0
    bulk.undo(team.curator, batch.id)
    assert waiting(team) == [first]
    assert reviews.progress(team.curator, team.round.id).remaining == 1


def test_adjudication_is_for_curators(database: str) -> None:
    team = Team(prompts=1)
    for call in (
        lambda: adjudication.queue(team.who("ann"), team.round.id),
        lambda: adjudication.count(team.who("ann"), team.round.id),
        lambda: adjudication.decide(team.who("ann"), team.round.id, "client-id", team.ids[0], ACCEPT),
        lambda: adjudication.undo(team.who("ann"), team.round.id, "client-id"),
        lambda: adjudication.one_item(team.who("ann"), team.round.id, team.ids[0]),
    ):
        with pytest.raises(PermissionDenied):
            call()
    with pytest.raises(InvalidInput, match="An adjudication is one of"):
        settle(team, team.ids[0], SKIP)


def test_a_vote_taken_back_frees_its_slot_though_the_same_person_settled_the_item(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    n = team.ids[0]
    team.people["curator"] = team.curator
    vote = team.act("curator", n, ACCEPT)
    team.act("bob", n, REJECT)
    settle(team, n, ACCEPT)
    team.take_back("curator", vote)
    assert [is_decided for _, who, is_decided in team.slots(n) if who == team.curator.user_id] == [False]


def test_the_judge_is_hidden_from_who_settles_until_they_have(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2, adjudication_blind=True)
    team.act("ann", team.ids[0], ACCEPT)
    team.act("bob", team.ids[0], REJECT)
    [waiting] = adjudication.queue(team.curator, team.round.id)
    assert (waiting.item.judge, waiting.item.reason, waiting.item.others) == (None, None, ())
    assert [vote.is_override for vote in waiting.votes] == [None, None], "it would follow from that"
    done = adjudication.decide(team.curator, team.round.id, "settled-once", team.ids[0], ACCEPT)
    assert done.judge is not None
    assert done.decision.is_blind
