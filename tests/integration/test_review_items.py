"""What an item tells: why it is here, the person's own flag, how large its group is, a judge's long words."""

from typing import Any

import pytest

from backend.db import session, tables
from backend.errors import NotFound
from backend.services import queue
from backend.services.queue.item_views import SHOWN_RATIONALE, judge_views
from backend.values import DecisionKind
from tests import rows
from tests.integration.reviewing import Team

PREFER, FLAG, EDIT = DecisionKind.prefer, DecisionKind.flag, DecisionKind.edit


def write_signs(team: Team, *signs: tuple[int, float, str]) -> None:
    rows.make_judgments(team.samples, judge="another_rubric")
    with session() as db:
        for n, value, why in signs:
            db.add(tables.Informativeness(sample_id=n, round_id=team.round.id, informativeness=value, why=why))


def group(**more: Any) -> Team:
    team = Team(prompts=2, n=4, scores=(5.0, 2.0, 3.0, 4.0), mode="group", **more)
    write_signs(team, (team.ids[0], 0.2, "top"), (team.ids[2], 0.9, "judges"))
    return team


def test_a_group_says_the_strongest_sign_among_its_samples(database: str) -> None:
    team = group(is_blind=False)
    first, second = team.items("ann")
    assert first.reason == "One of them: Two judges disagree about this."
    assert second.reason is None, "no sign was written"


def test_a_blind_group_says_why_only_after_the_decision(database: str) -> None:
    team = group()
    assert [item.reason for item in team.items("ann")] == [None, None]
    done = team.act("ann", team.ids[0], PREFER, value={"best": team.ids[1], "worst": None})
    assert done.reason == "One of them: Two judges disagree about this."


def test_a_sample_keeps_its_own_reason(database: str) -> None:
    team = Team(is_blind=False)
    write_signs(team, (team.ids[1], 0.9, "judges"))
    assert [item.reason for item in team.items("ann")][:2] == [
        "Scored 5, against the cut at 4.",
        "Two judges disagree about this.",
    ]


def test_an_item_comes_with_the_persons_own_standing_flag(database: str) -> None:
    team = Team(num_reviewers_per_item=2)
    mine = team.act("ann", team.ids[0], FLAG)
    team.act("bob", team.ids[1], FLAG)
    assert [item.flag for item in team.items("ann")][:2] == [mine.decision.client_id, None]
    team.take_back("ann", mine)
    assert team.items("ann")[0].flag is None


def test_an_item_says_how_many_samples_its_group_has_shown_or_not(database: str) -> None:
    pair = Team(prompts=1, n=4, mode="pair", scores=(5.0, 2.0, 3.0, 4.0)).items("ann")[0]
    assert (len(pair.members), pair.num_members) == (2, 4)
    large = Team(prompts=1, n=10, mode="group").items("ann")[0]
    assert (len(large.members), large.num_members) == (8, 10)


def test_an_item_comes_with_the_persons_own_standing_edits(database: str) -> None:
    team = group(num_reviewers_per_item=2)
    taken_back = team.act("ann", team.ids[1], EDIT, text="worse")
    team.take_back("ann", taken_back)
    team.act("ann", team.ids[1], EDIT, text="better")
    team.act("ann", team.ids[1], EDIT, text="best")
    team.act("bob", team.ids[0], EDIT, text="bob's")
    assert [m.edits for m in team.items("ann")[0].members] == [(), ("better", "best"), (), ()]
    assert [m.edits for m in team.items("bob")[0].members] == [("bob's",), (), (), ()]


def test_what_one_decided_last_comes_back_with_what_was_said(database: str) -> None:
    team = Team(num_reviewers_per_item=2)
    a, b, c = team.ids[:3]
    team.act("ann", a, EDIT, text="better")
    team.act("ann", b, DecisionKind.accept)
    team.take_back("ann", team.act("ann", c, DecisionKind.accept))
    team.act("bob", c, DecisionKind.reject)
    last = queue.earlier(team.who("ann"), team.round.id)
    assert last is not None
    assert last.mine is not None
    assert (last.sample_id, last.mine.kind, last.judge is not None) == (b, DecisionKind.accept, True)
    before = queue.earlier(team.who("ann"), team.round.id, [b])
    assert before is not None
    assert before.mine is not None
    assert (before.sample_id, before.mine.kind, before.edits) == (a, EDIT, ("better",))
    assert queue.earlier(team.who("ann"), team.round.id, [a, b]) is None
    with pytest.raises(NotFound):
        queue.earlier(rows.make_actor(), team.round.id)


def test_of_a_group_it_is_the_choice_that_comes_back(database: str) -> None:
    team = group()
    a, b = team.ids[:2]
    team.act("ann", a, PREFER, value={"best": b, "worst": None})
    team.act("ann", b, EDIT, text="better")
    last = queue.earlier(team.who("ann"), team.round.id)
    assert last is not None
    assert last.mine is not None
    assert (last.sample_id, last.mine.kind, last.mine.value) == (a, PREFER, {"best": b, "worst": None})
    assert last.members[1].edits == ("better",)


def test_a_long_rationale_says_that_it_was_cut(database: str) -> None:
    team = Team()
    with session() as db:
        for row in db.query(tables.Judgment).filter_by(sample_id=team.ids[0]):
            row.rationale = "x" * 12_345
        for row in db.query(tables.Judgment).filter_by(sample_id=team.ids[1]):
            row.rationale = "y" * SHOWN_RATIONALE
    with session() as db:
        views = judge_views(db, team.ids[:2])
    assert views[team.ids[0]].replies[0].rationale == "x" * SHOWN_RATIONALE + " … (12,345 characters)"
    assert views[team.ids[1]].replies[0].rationale == "y" * SHOWN_RATIONALE
