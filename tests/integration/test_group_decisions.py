"""Decisions about groups: best and worst, ties, all bad, ranks, pairs with hidden sides; and judging the judge."""

from typing import Any

import pytest

from backend.db import reading
from backend.db.filters import Filters
from backend.errors import Conflict, InvalidInput
from backend.pipeline import groups
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import reviews
from backend.services.decisions import bulk
from backend.services.queue import Order, gold
from backend.services.reviews import close_rules, review_closing, settings_edit
from backend.services.team import adjudication
from backend.services.team import reviewers as reviewer_stats
from backend.values import DecisionKind, LabelSource, Split, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team

PREFER, RANK = DecisionKind.prefer, DecisionKind.rank


def group_team(**review: Any) -> Team:
    return Team(prompts=2, n=4, scores=(5.0, 2.0, None, 4.0), mode="group", **review)


def test_a_group_is_one_item_named_by_its_first_sample(database: str) -> None:
    team = group_team()
    items = team.items("ann")
    assert [item.sample_id for item in items] == [team.ids[0], team.ids[4]]
    assert [m.sample_id for m in items[0].members] == team.ids[:4]
    assert [m.text for m in items[0].members] == [s.text for s in team.samples[:4]]
    assert all(m.judge is None for m in items[0].members), "blind"
    assert team.queue("bob") == []
    for order in Order:
        assert set(team.queue("ann", order=order)) <= {team.ids[0], team.ids[4]}


def test_best_accepts_and_worst_rejects_and_the_others_keep_the_judges_label(database: str) -> None:
    team = group_team()
    a, b, c, d = team.ids[:4]
    done = team.act("ann", a, PREFER, value={"best": b, "worst": a})
    assert [team.label(n)[0] for n in (a, b, c, d)] == [Verdict.reject, Verdict.accept, None, Verdict.accept]
    assert [team.label(n)[2] for n in (b, c, d)] == [LabelSource.person, LabelSource.none, LabelSource.judge]
    assert done.decision.is_override
    assert set(done.judges) == {a, b, c, d}
    assert team.queue("ann") == [team.ids[4]]
    team.take_back("ann", done)
    assert [team.label(n)[2] for n in (a, b)] == [LabelSource.judge] * 2
    assert team.queue("ann") == [a, team.ids[4]]
    row = team.decisions(kind=PREFER)[0]
    assert (row.mode, row.sample_id, row.value) == ("group", a, {"best": b, "worst": a})


def test_a_group_decided_by_another_of_its_samples_is_the_same_item(database: str) -> None:
    team = group_team()
    a, b = team.ids[:2]
    team.act("ann", b, PREFER, value={"best": b, "worst": None})
    assert team.decisions()[0].sample_id == a
    assert team.act("bob", a, PREFER, value={"best": a, "worst": None}).late_because is not None
    assert team.label(a)[2] is LabelSource.judge


def test_all_bad_rejects_what_was_shown_and_a_tie_gives_one_score_and_no_verdict(database: str) -> None:
    team = group_team()
    team.act("ann", team.ids[0], PREFER, value={"all_bad": team.ids[:3]})
    assert {team.label(n)[:3:2] for n in team.ids[:3]} == {(Verdict.reject, LabelSource.person)}
    assert team.label(team.ids[3])[::2] == (Verdict.accept, LabelSource.judge), "nobody saw it"
    team.act("ann", team.ids[4], PREFER, value={"tie": team.ids[4:]})
    scores = [team.label(n)[1] for n in team.ids[4:]]
    assert scores == pytest.approx([11 / 3] * 4)
    assert {team.label(n)[::2] for n in team.ids[4:]} == {(None, LabelSource.person)}, "equally good is not good"


def test_a_tie_makes_no_pair_and_leaves_the_threshold_to_the_score(database: str) -> None:
    team = group_team()
    team.act("ann", team.ids[0], PREFER, value={"tie": team.ids[:2]})
    with reading() as db:
        rows = groups.group_rows(db, team.round.id, Split.train)
        result = groups.load(db, rows[:1])
    best = BestVersusWorst().select(result, seed=0)
    assert [(e.sample_id, e.rejected_id) for e in best.examples] == [(team.ids[3], team.ids[1])] or [
        (e.sample_id, e.rejected_id) for e in best.examples
    ] == [(team.ids[3], team.ids[0])], "4.0 against a mean of 3.5: the judge's gap, not the tied ones"
    assert best.examples[0].weight == 1.0
    kept = AboveThreshold(threshold=3.4).select(result, seed=0)
    assert {e.sample_id for e in kept.examples} == {team.ids[0], team.ids[1], team.ids[3]}


def test_only_who_is_first_decides_whether_the_judge_was_overridden(database: str) -> None:
    """Machine scores 5, 2, none, 4; the cut is 4."""
    team = group_team()
    a, b, c, d = team.ids[:4]
    for value, is_override in (
        ({"best": a, "worst": d}, False),
        ({"best": d, "worst": a}, True),
        ({"tie": [a, d]}, False),
        ({"tie": [a, b]}, True),
        ({"all_bad": [b, c]}, False),
        ({"all_bad": [a, b]}, True),
    ):
        assert team.act("ann", a, PREFER, value=value).decision.is_override is is_override, value
    assert not team.act("ann", a, RANK, value={"order": [a, d, b]}).decision.is_override, "the judge's own order"
    assert team.act("ann", a, RANK, value={"order": [d, a, b]}).decision.is_override


def test_a_rank_spreads_scores_over_the_judges_scale(database: str) -> None:
    team = group_team()
    a, b, c, d = team.ids[:4]
    team.act("ann", a, RANK, value={"order": [c, d, b, a]})
    assert [team.label(n)[1] for n in (c, d, b, a)] == pytest.approx([5.0, 10 / 3, 5 / 3, 0.0])
    assert [team.label(n)[0] for n in (c, d, b, a)] == [Verdict.accept] + [Verdict.reject] * 3


def test_votes_about_groups_count_for_each_sample(database: str) -> None:
    team = group_team(num_reviewers_per_item=3)
    a, b = team.ids[:2]
    team.act("ann", a, PREFER, value={"best": b, "worst": a})
    team.act("bob", a, PREFER, value={"best": b, "worst": None})
    team.act("cid", a, PREFER, value={"best": a, "worst": b})
    assert team.label(b)[0] is Verdict.accept
    assert team.label(a)[0] is Verdict.accept, "one against one: as the judge said"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"best": None},
        {"best": "1"},
        {"best": 10**9},
        {"tie": []},
        {"tie": [1]},
        {"order": [1]},
        {"all_bad": True},
        {"best": True, "worst": None},
    ],
)
def test_a_group_decision_that_says_nothing_is_refused(database: str, value: dict[str, Any]) -> None:
    team = group_team()
    for kind in (PREFER, RANK):
        with pytest.raises(InvalidInput):
            team.act("ann", team.ids[0], kind, value=value)
    with pytest.raises(InvalidInput, match="twice"):
        team.act("ann", team.ids[0], RANK, value={"order": [team.ids[0], team.ids[0]]})
    with pytest.raises(InvalidInput, match="not in this group"):
        team.act("ann", team.ids[0], PREFER, value={"best": team.ids[4], "worst": None})
    assert team.decisions() == []


def test_a_pair_is_the_best_and_the_worst_scored_with_sides_that_tell_nothing(database: str) -> None:
    team = Team(prompts=20, n=4, scores=(2.0, 5.0, None, 4.0), mode="pair")
    by_person = {}
    for name in ("ann", "bob"):
        items = team.items(name, limit=20, peek=True)
        assert all({team.ids.index(m.sample_id) % 4 for m in item.members} == {0, 1} for item in items)
        by_person[name] = [team.ids.index(item.members[0].sample_id) % 4 for item in items]
        assert by_person[name] == [
            team.ids.index(item.members[0].sample_id) % 4 for item in team.items(name, limit=20, peek=True)
        ]
        assert 3 <= sum(by_person[name]) <= 17, "the better one is on either side"
    assert by_person["ann"] != by_person["bob"]
    both = team.items("ann", limit=1)[0].members
    team.act("ann", both[0].sample_id, PREFER, value={"best": both[0].sample_id, "worst": both[1].sample_id})
    assert team.label(both[0].sample_id)[0] is Verdict.accept
    assert team.label(both[1].sample_id)[0] is Verdict.reject
    assert team.decisions()[0].mode == "pair"


def test_judging_the_judge_is_never_blind_and_says_why(database: str) -> None:
    team = Team(prompts=1, mode="judgment")
    item = team.items("ann")[0]
    assert item.judge is not None
    team.act("ann", team.ids[0], REJECT, value={"judge_right": True, "why": "arithmetic"})
    team.act("ann", team.ids[1], REJECT, value={"judge_right": True, "why": "format"})
    rows = team.decisions()
    assert [(d.mode, d.is_blind) for d in rows] == [("judgment", False)] * 2
    assert [d.value for d in rows] == [{"judge_right": False, "why": "arithmetic"}, {"judge_right": True, "why": ""}], (
        "whether it is right follows from the verdict"
    )
    with pytest.raises(InvalidInput, match="Why the judge is wrong"):
        team.act("ann", team.ids[0], REJECT, value={"judge_right": False, "why": "<b>"})


def test_a_note_changes_no_label_and_takes_no_slot(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], DecisionKind.note, note="see the guidelines")
    assert team.label(team.ids[0])[2] is LabelSource.judge
    assert team.slots(team.ids[0]) == []
    assert team.queue("bob")[0] == team.ids[0]
    with pytest.raises(InvalidInput, match="empty"):
        team.act("ann", team.ids[0], DecisionKind.note, note=" ")


def test_the_item_changes_only_while_nothing_is_decided(database: str) -> None:
    team = group_team()
    a, b = team.ids[:2]
    team.queue("ann")
    settings_edit.edit_review(team.curator, team.round.id, {"mode": "sample"})
    assert team.slots(a) == [], "what was held as a group is free"
    done = team.act("bob", a, PREFER, value={"all_bad": [a, b]})
    assert team.label(b)[0] is Verdict.reject, "sent by a page that was still open"
    with pytest.raises(Conflict, match="decided already"):
        settings_edit.edit_review(team.curator, team.round.id, {"mode": "pair"})
    team.take_back("bob", done)
    assert settings_edit.edit_review(team.curator, team.round.id, {"mode": "pair"}).by_group


def test_who_saw_the_judge_on_a_group_is_blind_to_none_of_its_samples(database: str) -> None:
    team = group_team()
    a, b = team.ids[:2]
    team.take_back("ann", team.act("ann", a, PREFER, value={"best": b, "worst": a}))
    settings_edit.edit_review(team.curator, team.round.id, {"mode": "sample"})
    team.act("ann", b, ACCEPT)
    team.act("bob", a, ACCEPT)
    assert [row.is_blind for row in team.decisions(kind=ACCEPT)] == [False, True]


def test_a_rewrite_leaves_the_group_to_be_decided(database: str) -> None:
    team = group_team()
    a = team.queue("ann")[0]
    team.act("ann", a, DecisionKind.edit, text="better")
    assert team.slots(a) == [(0, team.who("ann").user_id, False)], "still theirs"
    assert not team.act("ann", a, PREFER, value={"best": team.ids[1], "worst": None}).late_because


def test_gold_and_groups_do_not_go_together(database: str) -> None:
    team = group_team()
    with pytest.raises(InvalidInput, match="by group"):
        gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.accept)
    with pytest.raises(InvalidInput, match="gold_share"):
        settings_edit.edit_review(team.curator, team.round.id, {"gold_share": 0.1})
    settings_edit.edit_review(team.curator, team.round.id, {"mode": "sample"})
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.accept)
    with pytest.raises(Conflict, match="gold items"):
        settings_edit.edit_review(team.curator, team.round.id, {"mode": "group"})


def counted(team: Team) -> tuple[int, int, int]:
    """Of the groups: not decided by anybody, without all their reviewers, and left to the curator by her own figures."""
    closing = review_closing.closing(team.curator, team.round.id)
    return closing.undecided, closing.half_reviewed, reviewer_stats.mine(team.curator, team.round.id).left


def accept_all(team: Team, **filters: Any) -> str:
    bulk_preview = bulk.preview(team.curator, team.round.id, Filters(**filters), ACCEPT)
    return bulk.apply(
        team.curator, team.round.id, Filters(**filters), ACCEPT, reason="fine", token=bulk_preview.token
    ).id


@pytest.mark.parametrize("reviewers", [1, 2])
def test_groups_that_a_bulk_action_labelled_are_decided(database: str, reviewers: int) -> None:
    rows.make_user(is_owner=True)  # for whom the rule acts
    team = group_team(close_rule="all_decided", num_reviewers_per_item=reviewers)
    assert counted(team) == (2, 0, 2 * reviewers)
    some = accept_all(team, min_score=4.0)
    assert counted(team) == (2, 0, 2 * reviewers), "nobody compared the samples of a group"
    bulk.undo(team.curator, some)
    team.act("ann", team.ids[0], PREFER, value={"best": team.ids[0], "worst": team.ids[1]})
    assert counted(team)[:2] == (1, reviewers - 1)
    everything = accept_all(team)
    assert counted(team)[:2] == (0, 0)
    progress = reviews.progress(team.curator, team.round.id)
    assert (progress.samples, progress.decided, progress.remaining) == (2, 2, 0)
    bulk.undo(team.curator, everything)
    assert counted(team)[:2] == (1, reviewers - 1)
    assert close_rules.close_due() == []
    accept_all(team)
    assert close_rules.close_due() == [team.round.id]


def test_a_group_that_was_settled_wants_no_more_reviewers(database: str) -> None:
    team = group_team(num_reviewers_per_item=3)
    a, b = team.ids[:2]
    team.act("ann", a, PREFER, value={"best": b, "worst": a})
    team.act("bob", a, PREFER, value={"best": a, "worst": b})
    assert counted(team)[:2] == (1, 1)
    adjudication.decide(team.curator, team.round.id, "settle-group-1", a, PREFER, value={"best": a, "worst": b})
    assert counted(team)[:2] == (1, 0)
    adjudication.decide(
        team.curator, team.round.id, "settle-group-2", team.ids[4], PREFER, value={"best": team.ids[5], "worst": None}
    )
    assert counted(team)[:2] == (0, 0), "settled without any reviewer"
