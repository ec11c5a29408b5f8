"""A round's stages on real rows, with a scripted policy and judge; training itself has tests of its own."""

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.judges import Judge
from backend.pipeline import rows as dataset_rows
from backend.pipeline.judge import of_cut
from backend.services import rounds
from backend.values import JobStatus, RoundStatus, Stage, Verdict
from tests.integration.slots import CHANGES, POLICY, Loop, texts
from tests.rows import make_prompt_set


def test_stages_fill_samples_judgments_labels_and_a_frozen_dataset(database: str) -> None:
    loop = Loop()
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    replies = texts(round_id)
    assert len(replies) == 60
    by_text = {text: (score, verdict) for _, _, text, _, score, verdict in replies}
    assert by_text["good one"] == (1.0, Verdict.accept)
    assert by_text["bad one"] == (0.0, Verdict.reject)
    assert by_text["odd one"] == (None, None)
    with reading() as db:
        round_ = db.get_one(tables.Round, round_id)
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        rows = list(dataset_rows.iterate(db, dataset.id))
    odd = sum(text == "odd one" for _, _, text, *_ in replies)
    assert round_.counts["samples"] == 60
    assert round_.counts["unparsed"] == odd
    assert round_.stage is Stage.train
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
        db.execute(
            tables.Label.__table__.delete().where(
                tables.Label.sample_id.in_(select(tables.Sample.id).where(tables.Sample.group_id.in_(groups)))
            )
        )
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
        round_ = db.get_one(tables.Round, round_id)
        assert (round_.status, round_.stage) == (RoundStatus.review, Stage.review)
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


def test_a_judge_whose_replies_are_cut_off_is_told_from_one_that_says_no_verdict(database: str) -> None:
    long = "It may be right, and there is much to say of it;Y"
    loop = Loop(POLICY | {"rules": [{"pattern": "Judge: ", "reply": long}]})
    job = loop.run(loop.launch({"judge": CHANGES["judge"] | {"max_tokens": 4}}), until=Stage.judge)
    assert "60 of 60 judge replies have no verdict" in str(job.error)
    assert "60 of the 60 were cut off at the judge's max_tokens, or where its context was full" in str(job.error)
    assert "raise max_tokens, or ask for the verdict before its reasons (verdict_first). Else: Edit" in str(job.error)


@pytest.mark.parametrize(
    ("judge", "num_cut", "parts"),
    [
        ("written_verdict", 150, ()),
        ("written_verdict", 151, ("151 of the 300", "verdict_first")),
        ("pairwise_swapped", 300, ("300 of the 300", "raise max_tokens. Else")),
    ],
)
def test_what_helps_against_cut_off_replies_is_said_where_most_were(
    judge: str, num_cut: int, parts: tuple[str, ...]
) -> None:
    text = of_cut(Judge.load(judge), num_cut, 300)
    assert bool(text) is bool(parts)
    assert all(part in text for part in parts)
    assert ("verdict_first" in text) is ("verdict_first" in parts)


def test_a_judge_without_known_answers_says_so_and_what_helps(database: str) -> None:
    loop = Loop()
    loop.prompts = make_prompt_set(loop.project, prompts=10, answers=["good one", *[None] * 9])
    job = loop.run(loop.launch({"judge": {"name": "exact_match"}}), until=Stage.judge)
    assert job.status is JobStatus.failed
    assert "54 of 60 judge replies have no verdict" in str(job.error)
    assert str(job.error).count("The prompt has no known answer.") == 3
    assert "Import prompts with an answer column, choose a judge that needs none, or raise" in str(job.error)
    assert "template" not in str(job.error)


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
