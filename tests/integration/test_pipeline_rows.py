"""What the pipeline trains on: what selectors keep, gold items, mixed and earlier rows, people's labels."""

import json

import pytest
from sqlalchemy import func, select

from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.jobs import transitions
from backend.pipeline import rows as dataset_rows
from backend.services import judge_health, reviews, rounds
from backend.services.projects import overview
from backend.services.queue import gold
from backend.services.reviews import close_rules
from backend.services.rounds import job_views
from backend.values import DecisionKind, JobStatus, LabelSource, RoundStatus, Stage, Verdict
from tests.integration.slots import POLICY, Loop
from tests.rows import make_prompt_set, make_user


def test_a_selector_that_keeps_nothing_says_why(database: str) -> None:
    loop = Loop()
    round_id = loop.launch({"selector": {"threshold": 2.0}})
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.failed
    assert "kept nothing of 10 groups" in str(job.error)
    assert "below threshold" in str(job.error)
    assert "by hand" not in str(job.error), "nobody may decide on what is not reviewed"
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Dataset)) == 0
        assert db.get_one(tables.Round, round_id).status is RoundStatus.failed


@pytest.mark.parametrize(("replies", "which"), [(["good one"], "good"), (["bad one"], "bad")])
def test_a_dataset_with_one_label_is_refused_before_training(database: str, replies: list[str], which: str) -> None:
    loop = Loop(POLICY | {"replies": replies})
    round_id = loop.launch({"selector": {"name": "unpaired"}, "trainer": {"name": "kto"}})
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.failed
    assert f"that the selector unpaired kept are labelled {which}" in str(job.error)
    assert "the difference between good and bad" in str(job.error)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Dataset)) == 0


def test_a_reviewed_round_of_which_nothing_is_kept_goes_back_to_people(database: str) -> None:
    loop = Loop()
    make_user(is_owner=True)
    # People contradict the judge in everything, which would hold the round before its training.
    judge_health.set_limits(loop.actor, loop.project.id, {"hold": False})
    round_id = loop.launch({"selector": {"threshold": 2.0}}, is_reviewed=True, review={"close_rule": "all_decided"})
    loop.run(round_id, until=Stage.judge)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"reject-{n:04}", DecisionKind.reject, n) for n in ids])
    reviews.close(loop.actor, round_id)
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.failed
    assert "The round is back in review: accept or reject samples by hand and close" in str(job.error)
    round_view = rounds.get(loop.actor, round_id)
    assert (round_view.status, round_view.stage, round_view.error) == (RoundStatus.review, Stage.review, job.error)
    assert round_view.finished_at is None
    view = overview.loop(loop.actor, loop.project.id)
    assert (view.next_action.kind, view.rounds[0].error) == ("review", job.error)
    assert "waits for people again, as nothing was kept" in view.next_action.why
    # Neither a retry nor the rule asks the same selector over the same labels.
    with pytest.raises(Conflict, match="close the review"):
        job_views.retry(loop.actor, job.id)
    assert close_rules.close_due() == []

    reviews.decide_many(loop.actor, round_id, [reviews.Act("accept-one", DecisionKind.accept, ids[0])])
    reviews.close(loop.actor, round_id)
    with pytest.raises(Conflict, match="not in review"):
        reviews.close(loop.actor, round_id)
    again = loop.run(round_id, until=Stage.select)
    assert again.status is JobStatus.done, again.error
    round_view = rounds.get(loop.actor, round_id)
    assert (round_view.status, round_view.stage, round_view.error) == (RoundStatus.running, Stage.train, None)
    with reading() as db:
        assert db.scalars(select(tables.Example.sample_id)).all() == [ids[0]]


def test_a_gold_item_is_trained_on_with_the_label_that_was_known(database: str) -> None:
    loop = Loop()
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    with reading() as db:
        sample, label = tables.Sample, tables.Label
        judged = select(sample.id, sample.group_id, sample.text, label.machine_verdict)
        rows = db.execute(judged.join(label, label.sample_id == sample.id).where(sample.round_id == round_id)).all()
    # One a group: a person's word is on the twins of a text, too.
    good = list({row.group_id: row.id for row in rows if row.machine_verdict is Verdict.accept}.values())
    bad = [row.id for row in rows if row.machine_verdict is Verdict.reject]
    text_of = {row.id: (row.group_id, row.text) for row in rows}
    gold.mark(loop.actor, round_id, good[:1], Verdict.reject)
    gold.mark(loop.actor, round_id, bad[:1], Verdict.accept)
    # A reviewer falls for both; of two others they override one.
    words = {good[0]: "accept", bad[0]: "reject", good[1]: "accept", good[2]: "reject"}
    acts = [reviews.Act(f"decide-{n:04}", DecisionKind(word), n) for n, word in words.items()]
    reviews.decide_many(loop.actor, round_id, acts)
    with reading() as db:
        assert db.get_one(tables.Label, good[0]).verdict is Verdict.accept, "until then nothing tells"
    reviews.close(loop.actor, round_id)
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    with reading() as db:
        kept = {text_of[n or 0] for n in db.scalars(select(tables.Example.sample_id))}
        labels = {n: db.get_one(tables.Label, n) for n in (good[0], bad[0])}
        dataset = db.scalars(select(tables.Dataset)).one()
        counts = db.get_one(tables.Round, round_id).counts
    assert [text_of[n] in kept for n in (good[0], bad[0], good[1], good[2])] == [False, True, True, False]
    assert [(row.verdict, row.source, row.is_overridden) for row in labels.values()] == [
        (Verdict.reject, LabelSource.person, True),
        (Verdict.accept, LabelSource.person, True),
    ]
    assert dataset.provenance["people"] == {loop.actor.name: 2}, "what was said of gold items shaped nothing"
    assert (counts["decided"], counts["overridden"]) == (2, 1)
    (line,) = overview.loop(loop.actor, loop.project.id).rounds
    assert (line.overridden_share, line.looked_at_share) == (1 / 2, 2 / 60)


def test_mix_rows_are_the_asked_share_and_come_from_the_mix_set(database: str) -> None:
    loop = Loop()
    seeds = make_prompt_set(loop.project, prompts=500, answers=["seed answer"] * 500)
    round_id = loop.launch({"mix_share": 0.75}, mix_set_ids=(seeds.id,))
    assert loop.run(round_id, until=Stage.select).status is JobStatus.done
    with reading() as db:
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        origins = db.scalars(select(tables.Example.origin).where(tables.Example.dataset_id == dataset.id)).all()
    kept = origins.count("selected")
    # share 3/4: three seed rows for each selected one
    assert origins.count("mix") == 3 * kept
    assert dataset.num_examples == 4 * kept


def test_earlier_rounds_are_trained_on_once(database: str) -> None:
    # Numbered prompts go on from the tests before, and what is drawn with them: one in a thousand kept nothing here.
    loop = Loop(prompts=[f"question {n}" for n in range(10)])
    first = loop.launch()
    loop.run(first, until=Stage.select)
    second = loop.launch({"earlier_rounds": True}, parent_id=first, seed=3)
    loop.run(second, until=Stage.select)
    # One sample a prompt keeps less than the first round kept, so some of its rows are new here.
    fewer = {"earlier_rounds": True, "generator": {"n": 1, "max_tokens": 20}, "unparsed_limit": 1.0}
    third = loop.launch(fewer, parent_id=first, seed=4)
    loop.run(third, until=Stage.select)
    with reading() as db:
        same = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == second)).one()
        other = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == third)).one()
        texts_of = [json.dumps(row) for row in dataset_rows.iterate(db, other.id)]
    # The second round made the same samples as the first: every older row is a repeat.
    assert same.funnel[5]["earlier rounds"] == 0
    assert same.funnel[5]["dropped"]["same text in a newer round"] == same.funnel[4]["count"]
    assert other.funnel[5]["earlier rounds"] > 0
    assert len(texts_of) == len(set(texts_of))


def test_labels_of_people_decide_what_is_kept(database: str) -> None:
    loop = Loop()
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    with session() as db:
        for label, text in db.execute(
            select(tables.Label, tables.Sample.text).join(tables.Sample, tables.Sample.id == tables.Label.sample_id)
        ):
            label.verdict = Verdict.accept if text == "odd one" else Verdict.reject
            label.source = LabelSource.person
        round_ = db.get_one(tables.Round, round_id)
        round_.stage, round_.status = Stage.select, RoundStatus.running
        transitions.enqueue(db, stage=Stage.select, project_id=loop.project.id, round_id=round_id)
    loop.run(round_id, until=Stage.select)
    with reading() as db:
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        kept = {row["completion"][0]["content"] for row in dataset_rows.iterate(db, dataset.id)}
    assert kept == {"odd one"}
