"""What was left out is tried again: by people, and by a stage that was killed."""

import pytest
from sqlalchemy import delete, select

from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import reviews, rounds
from backend.services.rounds import failures
from backend.values import (
    DecisionKind,
    JobStatus,
    LabelSource,
    Role,
    RoundStatus,
    Stage,
)
from tests.integration.forbidding import FILTERED, MUTE, forbid, rows_of, scripted, served_by
from tests.integration.slots import POLICY, Loop, texts
from tests.rows import make_actor, make_checkpoint


def test_a_killed_stage_makes_the_same_rows_and_leaves_the_same_out(database: str) -> None:
    loop = Loop(scripted(FILTERED, MUTE))
    forbid(loop, 1, 6, 7)
    undisturbed = loop.launch()
    loop.run(undisturbed, until=Stage.select)
    disturbed = loop.launch()
    loop.run(disturbed, until=Stage.generate)
    with session() as db:  # as after a kill: the middle batch never came to be, with what it left out
        groups = select(tables.Group.id).where(tables.Group.round_id == disturbed, tables.Group.position.between(4, 7))
        samples = select(tables.Sample.id).where(tables.Sample.group_id.in_(groups))
        db.execute(delete(tables.LeftOut).where(tables.LeftOut.group_id.in_(groups)))
        db.execute(delete(tables.Label).where(tables.Label.sample_id.in_(samples)))
        db.execute(delete(tables.Sample).where(tables.Sample.group_id.in_(groups)))
        judging = db.scalars(select(tables.Job).where(tables.Job.active_key == disturbed)).one()
        judging.stage = db.get_one(tables.Round, disturbed).stage = Stage.generate
    loop.run(disturbed, until=Stage.select)
    assert texts(disturbed) == texts(undisturbed)
    assert sorted(row[:1] + row[2:] for row in rows_of(disturbed)) == sorted(
        row[:1] + row[2:] for row in rows_of(undisturbed)
    )


def test_what_was_left_out_is_tried_again_alone_while_people_review(database: str) -> None:
    loop = Loop(POLICY)
    undisturbed = loop.launch(is_reviewed=True)
    loop.run(undisturbed, until=Stage.judge)
    served_by(loop, scripted(FILTERED | {"pattern": r"^prompt \d+\.[25]$"}, MUTE))
    loop.checkpoint.engine = scripted(FILTERED | {"pattern": r"^prompt \d+\.[25]$"}, MUTE)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    known = failures.list_failures(loop.actor, round_id)
    (first, second) = [failure_view for failure_view in known if failure_view.stage is Stage.generate]
    mute = [failure_view for failure_view in known if failure_view.stage is Stage.judge]
    with reading() as db:
        sample = db.scalars(select(tables.Sample).where(tables.Sample.id == mute[0].sample_id)).one()
    reviews.decide(loop.actor, "a" * 32, sample.id, DecisionKind.accept, round_id=round_id)

    served_by(loop, POLICY)
    job_id = failures.retry(loop.actor, round_id, [first.id])
    assert failures.list_failures(loop.actor, round_id)[0].is_asked
    with pytest.raises(Conflict, match=f"Job {job_id} of round 2 is under way"):
        failures.retry(loop.actor, round_id)
    loop.run(round_id, until=Stage.judge)
    assert rounds.get(loop.actor, round_id).status is RoundStatus.review
    with reading() as db:
        places = dict(
            db.execute(select(tables.Group.prompt_id, tables.Group.position).filter_by(round_id=round_id)).all()
        )
    place = places[first.prompt_id]
    replies = [row for row in texts(round_id) if row[0] in (place, places[second.prompt_id])]
    assert replies == [row for row in texts(undisturbed) if row[0] == place], (
        "judged, too, as if it had been made at first"
    )
    assert [failure_view.id for failure_view in failures.list_failures(loop.actor, round_id)] == [
        second.id,
        *(failure_view.id for failure_view in mute),
    ]

    failures.retry(loop.actor, round_id)
    loop.run(round_id, until=Stage.judge)
    assert failures.list_failures(loop.actor, round_id) == []
    assert [row for row in texts(round_id) if row[2] != "odd one"] == [
        row for row in texts(undisturbed) if row[2] != "odd one"
    ]
    with reading() as db:
        label = db.get_one(tables.Label, sample.id)
        assert (label.source, label.verdict) == (LabelSource.person, "accept"), "a person's word stays"
        assert (
            db.scalar(select(tables.Informativeness.is_open).where(tables.Informativeness.sample_id == sample.id))
            is False
        )
        counts = db.get_one(tables.Round, round_id).counts
    assert (counts["samples"], counts["left_out"]) == (60, {})
    with pytest.raises(Conflict, match="Nothing of round 2 is left out any more"):
        failures.retry(loop.actor, round_id)


def test_what_fails_again_says_so_and_a_failed_retry_leaves_the_round_alone(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    forbid(loop, 2)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    failures.retry(loop.actor, round_id)
    assert loop.run(round_id, until=Stage.judge).status is JobStatus.done
    (failure_view,) = failures.list_failures(loop.actor, round_id)
    assert (failure_view.attempts, failure_view.is_asked, failure_view.cannot_retry) == (2, False, "")
    failures.retry(loop.actor, round_id)
    served_by(loop, {"name": "scripted"})  # nothing to say at all: the engine itself raises
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = {
            "name": "openai",
            "base_url": "http://127.0.0.1:9/v1",
            "model": "m",
            "max_retries": 0,
        }
    job = loop.run(round_id, until=Stage.generate)
    assert job.status is JobStatus.failed
    assert rounds.get(loop.actor, round_id).status is RoundStatus.review
    assert [view.is_asked for view in failures.list_failures(loop.actor, round_id)] == [True]


def test_who_may_see_and_try_again(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    forbid(loop, 2)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    assert len(failures.list_failures(make_actor(loop.project, Role.viewer), round_id)) == 1
    for role in (Role.viewer, Role.reviewer):
        with pytest.raises(PermissionDenied):
            failures.retry(make_actor(loop.project, role), round_id)
    with pytest.raises(NotFound):
        failures.list_failures(make_actor(), round_id)
    other = Loop()
    make_checkpoint(other.project)
    foreign = other.launch(is_reviewed=True)
    other.run(foreign, until=Stage.judge)
    (failure_view,) = failures.list_failures(loop.actor, round_id)
    with pytest.raises(Conflict, match="Nothing of round 1 is left out"):
        failures.retry(other.actor, foreign, [failure_view.id])
