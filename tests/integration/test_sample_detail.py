"""One sample in full, and who may see it."""

import uuid

import pytest

from backend.db import session, tables
from backend.errors import NotFound
from backend.services import reviews, sample_detail
from backend.values import DatasetType, DecisionKind, Role, RoundStatus, Stage, Verdict
from tests import rows


def test_detail_has_the_whole_story(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["Why?"], answers=["Because."])
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_blind=True)
    made = rows.make_samples(round_, prompts, n=3, scores=[1.0, 0.0, None])
    rows.make_judgments(made, votes=2)
    reviewer = rows.make_actor(project, Role.reviewer)
    reviews.decide(
        reviewer, uuid.uuid4().hex, made[0].id, DecisionKind.reject, round_id=round_.id, note="dull", seconds=2.5
    )
    edit = reviews.decide(
        reviewer, uuid.uuid4().hex, made[0].id, DecisionKind.edit, round_id=round_.id, text="Hm."
    ).decision.edit_id
    rows.make_dataset(
        round_, DatasetType.preference, [{"prompt_id": made[0].prompt_id, "sample_id": edit, "rejected_id": made[0].id}]
    )
    trained = rows.make_checkpoint(project, "better")
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.checkpoint_id, row.status = trained.id, RoundStatus.done
    viewer = rows.make_actor(project, Role.viewer)
    seen = sample_detail.detail(viewer, made[0].id)
    assert (seen.text, seen.answer, seen.messages[0]["content"]) == (made[0].text, "Because.", "Why?")
    assert [(j.position, j.score, j.rationale, j.template_hash[:1]) for j in seen.judgments] == [
        (0, 1.0, "because", "t"), (1, 1.0, "because", "t")
    ]  # fmt: skip
    assert [row.id for row in seen.group] == [made[1].id, made[2].id, edit]
    assert (seen.label.verdict, seen.machine_verdict, seen.label.is_overridden) == (
        Verdict.reject,
        Verdict.accept,
        True,
    )
    first = seen.history[0]
    assert (first.who, first.kind, first.note, first.seconds, first.is_blind, first.is_override) == (
        reviewer.name, DecisionKind.reject, "dull", 2.5, True, True
    )  # fmt: skip
    assert [(t.round_number, t.use, t.checkpoint) for t in seen.trained] == [(round_.number, "rejected", "better")]
    mine = sample_detail.detail(viewer, edit or 0)
    assert (mine.author, mine.edited_from_id, mine.trained[0].use) == (reviewer.name, made[0].id, "chosen")
    with pytest.raises(NotFound):
        sample_detail.detail(rows.make_actor(rows.make_project()), made[0].id)
    with pytest.raises(NotFound):
        sample_detail.detail(viewer, 10**9)
