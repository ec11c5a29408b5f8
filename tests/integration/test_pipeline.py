"""A round's stages on real rows, with a scripted policy and judge; training itself has tests of its own."""

import json

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.jobs import transitions
from backend.pipeline import rows as dataset_rows
from backend.pipeline.run import run_job
from backend.services import close_rules, gold, jobs, overview, reviews, rounds
from backend.services.access import Actor
from backend.values import DecisionKind, JobStatus, LabelSource, RoundStatus, Split, Stage, Verdict
from tests.rows import make_actor, make_checkpoint, make_project, make_prompt_set, make_user

POLICY = {
    "name": "scripted",
    "rules": [
        {"pattern": "Judge: .*good", "reply": "It is right; Y"},
        {"pattern": "Judge: .*bad", "reply": "It is wrong; N"},
        {"pattern": "Judge: ", "reply": "I would rather not say"},
    ],
    "replies": ["good one", "good two", "bad one", "odd one"],
}
CHANGES = {
    "generator": {"n": 6, "max_tokens": 20},
    "judge": {"name": "written_verdict", "template": "Judge: {prompt} {response}"},
    "groups_per_batch": 4,
}


class Loop:
    """A project with one scripted checkpoint, and a way to run its jobs here and now."""

    def __init__(self, policy: dict = POLICY, prompts: int = 10) -> None:
        self.project = make_project()
        self.actor: Actor = make_actor(self.project)
        self.checkpoint = make_checkpoint(self.project, engine=policy)
        self.prompts = make_prompt_set(self.project, prompts=prompts)
        self.held_out = make_prompt_set(self.project, prompts=3, answers=["good one"] * 3, split=Split.held_out)

    def launch(self, changes: dict | None = None, **plan: object) -> int:
        recipe = recipes.get("rejection_sampling").with_changes(CHANGES | (changes or {}))
        with session() as db:
            # The scripted policy stands in for weights here: nothing is trained on it.
            db.get_one(tables.Checkpoint, self.checkpoint.id).engine = {"name": "transformers", "model": "none"}
        made = rounds.launch(
            self.actor,
            self.project.id,
            rounds.Plan(
                recipe=recipe.model_dump(mode="json"),
                policy_id=self.checkpoint.id,
                reference_id=self.checkpoint.id,
                sample_set_ids=(self.prompts.id,),
                held_out_set_ids=(self.held_out.id,),
                **{"num_prompts": 10, "is_reviewed": False, "seed": 3} | plan,
            ),
        )
        with session() as db:
            db.get_one(tables.Checkpoint, self.checkpoint.id).engine = self.checkpoint.engine
        return made

    def run(self, round_id: int, *, until: Stage) -> tables.Job:
        """Run the round's queued jobs, one after the other, up to and including that stage."""
        while True:
            with reading() as db:
                job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
            attempt = transitions.start(job.id, job.workflow_id, "here")
            assert attempt is not None
            run_job(job.id, attempt)
            with reading() as db:
                ended = db.get_one(tables.Job, job.id)
            if ended.stage is until or ended.status is not JobStatus.done:
                return ended


def texts(round_id: int) -> list[tuple]:
    """Everything a round made, without ids and times, in a fixed order."""
    with reading() as db:
        query = (
            select(
                tables.Group.position,
                tables.Sample.position,
                tables.Sample.text,
                tables.Judgment.raw,
                tables.Label.score,
                tables.Label.verdict,
            )
            .select_from(tables.Sample)
            .join(tables.Group, tables.Group.id == tables.Sample.group_id)
            .outerjoin(tables.Judgment, tables.Judgment.sample_id == tables.Sample.id)
            .outerjoin(tables.Label, tables.Label.sample_id == tables.Sample.id)
            .where(tables.Sample.round_id == round_id)
            .order_by(tables.Group.position, tables.Sample.position)
        )
        return [tuple(row) for row in db.execute(query)]


def test_stages_fill_samples_judgments_labels_and_a_frozen_dataset(database: str) -> None:
    loop = Loop()
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    made = texts(round_id)
    assert len(made) == 60
    by_text = {text: (score, verdict) for _, _, text, _, score, verdict in made}
    assert by_text["good one"] == (1.0, Verdict.accept)
    assert by_text["bad one"] == (0.0, Verdict.reject)
    assert by_text["odd one"] == (None, None)
    with reading() as db:
        found = db.get_one(tables.Round, round_id)
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        rows = list(dataset_rows.iterate(db, dataset.id))
    odd = sum(text == "odd one" for _, _, text, *_ in made)
    assert found.counts["samples"] == 60
    assert found.counts["unparsed"] == odd
    assert found.stage is Stage.train
    assert {row["completion"][0]["content"] for row in rows} == {"good one", "good two"}
    assert dataset.content_hash == dataset_rows.content_hash(dataset_rows.line(row) for row in rows)
    dropped = dataset.funnel[4]["dropped"]
    assert dropped["no score"] == odd
    # Nothing disappears without a reason: every sample is either kept or counted.
    assert dataset.funnel[4]["count"] + sum(dropped.values()) == 60


def test_a_batch_that_died_is_made_again_and_the_result_is_the_same(database: str) -> None:
    loop = Loop()
    undisturbed = loop.launch()
    loop.run(undisturbed, until=Stage.select)
    disturbed = loop.launch()
    loop.run(disturbed, until=Stage.generate)
    # As after a crash: the middle batch of samples was never committed, and the stage runs again.
    with session() as db:
        groups = select(tables.Group.id).where(tables.Group.round_id == disturbed, tables.Group.position.between(4, 7))
        db.execute(tables.Label.__table__.delete().where(tables.Label.sample_id.in_(
            select(tables.Sample.id).where(tables.Sample.group_id.in_(groups)))))  # fmt: skip
        db.execute(tables.Sample.__table__.delete().where(tables.Sample.group_id.in_(groups)))
        judging = db.scalars(select(tables.Job).where(tables.Job.active_key == disturbed)).one()
        judging.stage = db.get_one(tables.Round, disturbed).stage = Stage.generate
    loop.run(disturbed, until=Stage.select)
    assert texts(disturbed) == texts(undisturbed)
    with reading() as db:
        hashes = set(db.scalars(select(tables.Dataset.content_hash)))
    assert len(hashes) == 1


def test_a_reviewed_round_waits_for_people(database: str) -> None:
    loop = Loop()
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    with reading() as db:
        found = db.get_one(tables.Round, round_id)
        assert (found.status, found.stage) == (RoundStatus.review, Stage.review)
        assert db.scalar(select(func.count()).where(tables.Job.active_key == round_id)) == 0


def test_a_judge_that_answers_nonsense_fails_with_three_replies(database: str) -> None:
    loop = Loop(POLICY | {"rules": [{"pattern": "Judge: ", "reply": "no comment <b>"}]})
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.judge)
    assert job.status is JobStatus.failed
    assert "60 of 60 judge replies have no verdict" in str(job.error)
    assert str(job.error).count("no comment <b>") == 3
    with reading() as db:
        # What was written stays: the replies can be read.
        assert db.scalar(select(func.count()).where(tables.Judgment.round_id == round_id)) == 60
        assert db.get_one(tables.Round, round_id).status is RoundStatus.failed


def test_a_judge_without_known_answers_says_so_and_what_helps(database: str) -> None:
    loop = Loop()
    loop.prompts = make_prompt_set(loop.project, prompts=10, answers=["good one", *[None] * 9])
    job = loop.run(loop.launch({"judge": {"name": "exact_match"}}), until=Stage.judge)
    assert job.status is JobStatus.failed
    assert "54 of 60 judge replies have no verdict" in str(job.error)
    assert str(job.error).count("The prompt has no known answer.") == 3
    assert "Import prompts with an answer column, choose a judge that needs none, or raise" in str(job.error)
    assert "template" not in str(job.error)


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
    round_id = loop.launch({"selector": {"threshold": 2.0}}, is_reviewed=True, review={"close_rule": "all_decided"})
    loop.run(round_id, until=Stage.judge)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"reject-{n:04}", DecisionKind.reject, n) for n in ids])
    reviews.close(loop.actor, round_id)
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.failed
    assert "The round is back in review: accept or reject samples by hand and close" in str(job.error)
    found = rounds.get(loop.actor, round_id)
    assert (found.status, found.stage, found.error) == (RoundStatus.review, Stage.review, job.error)
    assert found.finished_at is None
    seen = overview.loop(loop.actor, loop.project.id)
    assert (seen.next_action.kind, seen.rounds[0].error) == ("review", job.error)
    assert "waits for people again, as nothing was kept" in seen.next_action.why
    # Neither a retry nor the rule asks the same selector over the same labels.
    with pytest.raises(Conflict, match="close the review"):
        jobs.retry(loop.actor, job.id)
    assert close_rules.close_due() == []

    reviews.decide_many(loop.actor, round_id, [reviews.Act("accept-one", DecisionKind.accept, ids[0])])
    reviews.close(loop.actor, round_id)
    with pytest.raises(Conflict, match="not in review"):
        reviews.close(loop.actor, round_id)
    again = loop.run(round_id, until=Stage.select)
    assert again.status is JobStatus.done, again.error
    found = rounds.get(loop.actor, round_id)
    assert (found.status, found.stage, found.error) == (RoundStatus.running, Stage.train, None)
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
        (Verdict.reject, LabelSource.person, True), (Verdict.accept, LabelSource.person, True),
    ]  # fmt: skip
    assert dataset.provenance["people"] == {loop.actor.name: 2}, "what was said of gold items shaped nothing"
    assert (counts["decided"], counts["overridden"]) == (2, 1)
    (line,) = overview.loop(loop.actor, loop.project.id).rounds
    assert (line.overridden_share, line.looked_at_share) == (1 / 2, 2 / 60)


def test_prompts_over_the_context_are_left_out_and_counted(database: str) -> None:
    loop = Loop(POLICY | {"max_length": 12})
    with session() as db:
        long = db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id == loop.prompts.id)).first()
        long.messages = [{"role": "user", "content": "word " * 30}]
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    with reading() as db:
        counts = db.get_one(tables.Round, round_id).counts
    assert counts["left_out"] == {"too long for the context": 1}
    assert counts["samples"] == 54
    assert counts["funnel"][0]["dropped"] == {"too long for the context": 1}


def test_no_prompt_fits_fails_with_the_context_length(database: str) -> None:
    loop = Loop(POLICY | {"max_length": 2})
    job = loop.run(loop.launch(), until=Stage.generate)
    assert "None of the 10 prompts fits" in str(job.error)


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
    loop = Loop()
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
        found = db.get_one(tables.Round, round_id)
        found.stage, found.status = Stage.select, RoundStatus.running
        transitions.enqueue(db, stage=Stage.select, project_id=loop.project.id, round_id=round_id)
    loop.run(round_id, until=Stage.select)
    with reading() as db:
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        kept = {row["completion"][0]["content"] for row in dataset_rows.iterate(db, dataset.id)}
    assert kept == {"odd one"}


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"num_prompts": 0}, "from 1 to"),
        ({"sample_set_ids": ()}, "No prompt set"),
        ({"policy_id": 10**6}, "not in this project"),
        ({"parent_id": 10**6}, "parent round"),
        ({"mix_set_ids": "held_out"}, "never measured"),
    ],
)
def test_launch_refuses_what_would_fail_later(database: str, plan: dict, message: str) -> None:
    loop = Loop()
    if plan.get("mix_set_ids") == "held_out":
        plan = {"mix_set_ids": (loop.held_out.id,)}
    base = rounds.Plan(
        recipe=recipes.get("rejection_sampling").model_dump(mode="json"),
        policy_id=loop.checkpoint.id,
        reference_id=loop.checkpoint.id,
        sample_set_ids=(loop.prompts.id,),
    )
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = {"name": "transformers", "model": "none"}
    with pytest.raises(InvalidInput, match=message):
        rounds.launch(loop.actor, loop.project.id, rounds.Plan(**base.__dict__ | plan))
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Job)) == 0
