"""What the review desk tells of an item's past, and to whom."""

import uuid
from typing import Any

import pytest

from backend.db import now, session, tables
from backend.errors import NotFound, PermissionDenied
from backend.services import reviews
from backend.services.access import Actor
from backend.services.reviews import item_history
from backend.values import DecisionKind, Role, RoundStatus, Stage, Verdict
from tests import rows

K = DecisionKind


def in_review(**review: Any) -> tuple[tables.Project, tables.Round, list[tables.Sample]]:
    project = rows.make_project()
    round_ = rows.make_round(
        project,
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
        review={"num_reviewers_per_item": 3} | review,
    )
    return project, round_, rows.make_samples(round_, rows.make_prompt_set(project), scores=[1.0, 0.0])


def decide(actor: Actor, sample: tables.Sample, kind: DecisionKind, **more: Any) -> reviews.ActResult:
    return reviews.decide(actor, uuid.uuid4().hex, sample.id, kind, round_id=sample.round_id, **more)


def history_of(actor: Actor, sample: tables.Sample) -> list[tuple[str, DecisionKind]]:
    return [(entry.who, entry.kind) for entry in item_history.read(actor, sample.id).entries]


def test_colleagues_words_come_after_ones_own(database: str) -> None:
    project, _, samples = in_review()
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    decide(actor, samples[0], K.accept)
    decide(actor, samples[0], K.note, note="odd")
    decide(other, samples[0], K.flag)
    assert history_of(other, samples[0]) == [(other.name, K.flag)]
    assert item_history.read(other, samples[0].id).is_hidden
    decide(other, samples[0], K.reject)
    assert history_of(other, samples[0]) == [
        (actor.name, K.accept),
        (actor.name, K.note),
        (other.name, K.flag),
        (other.name, K.reject),
    ]
    history = item_history.read(other, samples[0].id)
    assert (history.is_hidden, history.entries[1].note) == (False, "odd")


def test_a_round_may_show_them_before_and_what_was_taken_back_says_so(database: str) -> None:
    project, round_, samples = in_review(others_visible=True)
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    decide(actor, samples[0], K.accept)
    reviews.undo(actor, round_.id)
    history = item_history.read(other, samples[0].id)
    assert [(e.kind, e.is_retracted) for e in history.entries] == [(K.accept, True), (K.retract, False)]
    assert not history.is_hidden


def test_a_gold_item_has_a_history_like_any_other(database: str) -> None:
    project, round_, samples = in_review(others_visible=True)
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    with session() as db:
        db.add(tables.GoldItem(sample_id=samples[0].id, round_id=round_.id, verdict=Verdict.accept, created_at=now()))
    decide(actor, samples[0], K.accept)
    assert [who for who, *_ in history_of(other, samples[0])] == [actor.name]
    assert history_of(actor, samples[0]) == [(actor.name, K.accept)]


def test_a_group_has_one_history(database: str) -> None:
    project, _, samples = in_review(mode="group")
    actor = rows.make_actor(project, Role.reviewer)
    decide(actor, samples[0], K.prefer, value={"best": samples[1].id, "worst": None})
    decide(actor, samples[1], K.note, note="the better one")
    assert [kind for _, kind in history_of(actor, samples[0])] == [K.prefer, K.note]
    assert history_of(actor, samples[2]) == []


def test_a_history_says_what_was_decided(database: str) -> None:
    project, _, samples = in_review(mode="group")
    actor, (a, b) = rows.make_actor(project, Role.reviewer), samples[:2]
    decide(actor, a, K.prefer, value={"best": b.id, "worst": a.id})
    decide(actor, a, K.prefer, value={"tie": [a.id, b.id]})
    decide(actor, a, K.prefer, value={"all_bad": [a.id, b.id]})
    decide(actor, a, K.rank, value={"order": [b.id, a.id]})
    edit = decide(actor, b, K.edit, text="better").decision.edit_id
    assert [entry.words for entry in item_history.read(actor, a.id).entries] == [
        f"best: sample {b.id}, worst: sample {a.id}",
        f"tie: sample {a.id}, sample {b.id}",
        f"all bad: sample {a.id}, sample {b.id}",
        f"best first: sample {b.id}, sample {a.id}",
        f"made sample {edit}",
    ]


def test_what_was_said_of_the_judge_is_told_to_who_may_see_the_judge(database: str) -> None:
    project, round_, samples = in_review(mode="judgment", others_visible=True)
    actor, other = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    decide(actor, samples[0], K.accept, value={"judge_right": True})
    decide(actor, samples[1], K.accept, value={"judge_right": False, "why": "too strict"})
    texts = ["the judge is right", "the judge is wrong: too strict"]
    assert [item_history.read(other, n.id).entries[0].words for n in samples[:2]] == texts
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.review, row.is_blind = row.review | {"mode": "sample"}, True
    assert [item_history.read(other, n.id).entries[0].words for n in samples[:2]] == ["", ""]
    assert [item_history.read(actor, n.id).entries[0].words for n in samples[:2]] == texts


def test_who_may_not_decide_reads_no_history(database: str) -> None:
    project, _, samples = in_review()
    with pytest.raises(PermissionDenied):
        item_history.read(rows.make_actor(project, Role.viewer), samples[0].id)
    with pytest.raises(NotFound):
        item_history.read(rows.make_actor(rows.make_project()), samples[0].id)
    with pytest.raises(NotFound, match="no sample"):
        item_history.read(rows.make_actor(project), samples[-1].id + 1)


def test_the_history_is_told_where_the_recipe_cannot_be_read(database: str) -> None:
    project, round_, samples = in_review()
    actor = rows.make_actor(project, Role.reviewer)
    decide(actor, samples[0], K.score, score=1.0)
    decide(actor, samples[1], K.reject)
    with session() as db:
        db.get_one(tables.Round, round_.id).recipe = {
            "name": "x",
            "steps": [{"part": {"name": "gone"}, "kind": "judge"}],
        }
    assert [item_history.read(actor, n.id).entries[0].verdict for n in samples[:2]] == [None, Verdict.reject]
    assert item_history.read(actor, samples[0].id).entries[0].score == 1.0
