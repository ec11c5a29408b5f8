"""Rounds of steps that wait for people: which texts they are shown, and that their word stands in later steps."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.errors import Conflict
from backend.recipes import Recipe
from backend.services import queue, reviews
from backend.services.reviews import close_rules
from backend.values import DecisionKind, JobStatus, LabelSource, RoundStatus, Stage, Verdict
from tests.integration.loop import JUDGE, SOLVER, Loop, meta_rewarding, rows_of_round, star
from tests.integration.loop import tiny as tiny  # a fixture


def test_people_decide_before_hints_are_given_and_their_word_stands(tiny: Path) -> None:
    loop = Loop(star(), SOLVER, tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.stage, waiting.step) == (RoundStatus.review, Stage.review, 3)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
        assert set(db.scalars(select(tables.Informativeness.sample_id))) == set(ids)
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"accept-{n:04}", DecisionKind.accept, n) for n in ids])
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert (ended.status, ended.stage, ended.error) == (RoundStatus.running, Stage.train, None)
    # All are accepted, so nobody is given a hint, and that is no error.
    assert len(rows_of_round(round_id)["texts"]) == 5
    assert ended.counts["kept"] == 5


def test_people_are_shown_the_groups_of_the_next_step_and_no_others(tiny: Path) -> None:
    loop = Loop(meta_rewarding(), JUDGE, tiny)
    round_id = loop.launch(is_reviewed=True, review={"close_rule": "all_decided"})
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 6)
    with reading() as db:
        by_step: dict[int, list[int]] = {1: [], 3: []}
        for n, step in db.execute(select(tables.Sample.id, tables.Sample.step).order_by(tables.Sample.id)):
            by_step[step].append(n)
        assert set(db.scalars(select(tables.Informativeness.sample_id))) == set(by_step[1])
    walk: set[int] = set()
    while items := queue.queue(loop.actor, round_id, limit=10, held=sorted(walk)):
        walk |= {item.sample_id for item in items}
    item = queue.queue(loop.actor, round_id, limit=1, include=by_step[3][:1])[0]
    assert "grading an answer" in item.messages[0]["content"], "what was asked, not the prompt it began with"
    assert walk == set(by_step[1]), "answers, not the judgments about them"
    with pytest.raises(Conflict, match="not among those that people decide on"):
        reviews.decide(loop.actor, "judgment-1", by_step[3][0], DecisionKind.accept, round_id=round_id)
    assert reviews.progress(loop.actor, round_id).samples == 15
    acts = [reviews.Act(f"accept-{n:04}", DecisionKind.accept, n) for n in by_step[1]]
    reviews.decide_many(loop.actor, round_id, acts)
    assert reviews.progress(loop.actor, round_id).remaining == 0
    assert close_rules.close_due() == [round_id]
    assert loop.waiting(round_id).step == 6


def test_a_later_judge_never_overwrites_people(tiny: Path) -> None:
    steps = [step.model_dump(mode="json") for step in star().phases[0].steps]
    # The same groups are judged again after people decided.
    more = {"kind": "judge", "part": {"name": "countdown"}}
    again = [*steps[:4], more, {"kind": "selector", "part": steps[3]["part"]}, steps[8]]
    loop = Loop(Recipe.model_validate(star().model_dump(mode="json") | {"steps": again}), SOLVER, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(
        loop.actor,
        round_id,
        [
            reviews.Act("accept-0001", DecisionKind.accept, ids[1]),
            reviews.Act("edit-000001", DecisionKind.edit, ids[2], text="7"),
            reviews.Act("edit-000002", DecisionKind.edit, ids[3], text="8"),
        ],
    )
    reviews.undo(loop.actor, round_id)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        labels = {n: db.get_one(tables.Label, n) for n in ids[:2]}
        judged = set(db.scalars(select(tables.Judgment.sample_id).where(tables.Judgment.step == 4)))
        edits = {
            sample.text: sample for sample in db.scalars(select(tables.Sample).where(tables.Sample.kind == "edit"))
        }
        rewritten = db.get_one(tables.Label, edits["7"].id)
    # Texts of people that stand are judged, too; one that was taken back is not.
    assert judged == {*ids, edits["7"].id}
    assert (edits["7"].step, edits["7"].role) == (1, "policy")
    assert (rewritten.verdict, rewritten.source) == (Verdict.accept, LabelSource.person)
    assert (labels[ids[1]].verdict, labels[ids[1]].source) == (Verdict.accept, LabelSource.person)
    # Countdown can read no numbers here: its word is none.
    assert (labels[ids[1]].machine_score, labels[ids[0]].score) in ((None, None), (0.0, 0.0))


def test_a_round_in_which_nothing_is_kept_at_the_end_fails_and_is_not_given_back(tiny: Path) -> None:
    loop = Loop(star().with_changes({"trainer": {"max_steps": 1}}), SOLVER | {"rules": [], "replies": ["no"]}, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.status is RoundStatus.failed
    assert "kept nothing of 5 groups" in str(ended.error)
    assert "in review" not in str(ended.error)
    with reading() as db:
        job = db.scalars(select(tables.Job).order_by(tables.Job.id.desc()).limit(1)).one()
    # The first selector may keep nothing; the last before the training may not.
    assert (job.status, job.step) == (JobStatus.failed, 7)


def test_a_text_that_people_rejected_takes_what_was_said_about_it_along(tiny: Path) -> None:
    loop = Loop(meta_rewarding(), JUDGE, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    with reading() as db:
        answers = list(db.scalars(select(tables.Sample.id).where(tables.Sample.step == 1)))
    good = answers[::3]
    acts = [
        reviews.Act(f"decide-{n:04}", DecisionKind.accept if n in good else DecisionKind.reject, n) for n in answers
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        dropped = db.scalars(select(tables.Dataset.funnel).where(tables.Dataset.step == 9)).one()[4]["dropped"]
        chosen = (
            select(tables.Group.parent_id)
            .join(tables.Sample, tables.Sample.group_id == tables.Group.id)
            .join(tables.Example, tables.Example.sample_id == tables.Sample.id)
            .where(tables.Group.step == 2)
        )
        about = set(db.scalars(chosen))
        widest = db.get_one(tables.Round, round_id).steps["7"]["groups"]
        parents = set(db.scalars(select(tables.Group.parent_id).where(tables.Group.id.in_(widest))))
    assert about <= set(good)
    assert dropped.get("parent rejected", 0) == len(parents - set(good))
