"""Chen et al. 2022, arXiv 2205.01703: what makes it that method."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.services import queue, reviews, rounds
from backend.services.plans.sizes import sizes
from backend.values import DatasetType, DecisionKind, Group, RoundStatus, Stage
from tests.groups import prompt
from tests.integration.loop import TRAINING, both, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_documents import TEXTS, Documents

RECIPE = recipes.get("self_supervised_icl")
SOURCE, ANSWERS, KEEP, TRAINER = (step.part for step in RECIPE.phases[0].steps)
DOCUMENTS = [
    prompt(f"Text {n} begins here. It goes on with more words. It says a third thing. Then it ends at last.", id=n)
    for n in range(1, 9)
]


def tasks() -> list[Group]:
    return SOURCE.ask([], DOCUMENTS, limit=8, seed=0)


def test_four_objectives_are_made_of_every_text():
    assert SOURCE.kinds == ("next_sentence", "masked_word", "last_phrase", "order")
    asked = [group.prompt.messages[0]["content"].split("\n")[0] for group in tasks()]
    assert {asked.count(word) for word in asked} == {8}
    assert len(set(asked)) == 4


def test_each_stands_after_solved_ones_of_the_same_objective():
    for group in tasks():
        text = group.prompt.messages[0]["content"]
        assert text.count("Output: ") == SOURCE.shots == 4
        assert text.endswith("\nOutput:")


def test_targets_come_from_the_text_and_no_model_is_asked():
    assert not any(step.part.needs_engine for step in RECIPE.phases[0].steps if step.kind == "generator")
    assert [step.kind for step in RECIPE.phases[0].steps] == ["prompt_source", "generator", "selector", "trainer"]
    (first, *_) = tasks()
    ((text,),) = ANSWERS.generate(None, [first.prompt], seed=0)
    assert text.text == first.prompt.answer
    assert text.text in DOCUMENTS[first.prompt.id - 1].messages[0]["content"]
    (kept,) = KEEP.select([replace(first, samples=(replace(text, id=7),))], seed=0).examples
    assert (kept.prompt_id, kept.sample_id) == (first.prompt.id, 7)


def test_it_is_trained_on_the_targets_alone():
    assert (TRAINER.name, TRAINER.trains_on) == ("sft", DatasetType.prompt_completion)


def icl(**changes: Any) -> Recipe:
    known = {"prompt_source": {"shots": 1}, "trainer": TRAINING | {"max_steps": 1, "start": "base"}, "metrics": []}
    return recipes.get("self_supervised_icl").with_changes(known | {"groups_per_batch": 2} | changes)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_round_of_documents_trains_on_tasks_that_no_model_wrote(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Documents(icl(), tiny)
    ended, result = both(loop, monkeypatch, trains=True)
    assert len(result["texts"]) == 4 * len(TEXTS)
    assert {row[5] for row in result["texts"]} == {"data"}
    (rows,) = result["rows"].values()
    assert len(rows) == ended.counts["kept"] == 4 * len(TEXTS)
    documents = " ".join(TEXTS)
    for row, text in zip(rows, result["texts"], strict=True):
        asked, target = row["prompt"][0]["content"], row["completion"][0]["content"]
        assert asked.endswith("\nOutput:")
        assert [{"role": "user", "content": asked}] == text[2]
        assert target == text[7]
        assert target in documents or target in ("original", "shuffled")
    with reading() as db:
        assert db.get_one(tables.Checkpoint, ended.checkpoint_id).parent_id == loop.base.id
        group = tables.Group
        answers = db.scalars(select(group.answer).where(group.round_id == ended.id).order_by(group.position)).all()
        job = db.scalars(select(tables.Job).where(tables.Job.round_id == ended.id).order_by(tables.Job.id)).first()
    assert answers == [row["completion"][0]["content"] for row in rows]
    assert (job.done, job.total) == (12, 12)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_people_look_at_tasks_before_they_are_trained_on(tiny: Path) -> None:
    loop = Documents(icl(), tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 2)
    first, *_ = queue.queue(loop.actor, round_id, limit=20)
    assert first.messages[0]["content"].endswith("\nOutput:")
    reviews.decide(loop.actor, "reject-0001", first.sample_id, DecisionKind.reject, round_id=round_id)
    reviews.close(loop.actor, round_id)
    assert loop.run(round_id).stage is Stage.train
    (rows,) = rows_of_round(round_id)["rows"].values()
    assert len(rows) == 4 * len(TEXTS) - 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_texts_without_a_task_end_the_round_with_the_way_out(tiny: Path) -> None:
    loop = Documents(icl(), tiny, texts=["a b", "c"])
    ended = loop.run(loop.launch())
    assert ended.status is RoundStatus.failed
    assert "No task could be made" in str(ended.error)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_known_answers_are_missed_and_the_estimate_counts_tasks(tiny: Path) -> None:
    loop = Documents(icl(), tiny)
    plan = rounds.Plan(
        recipe=icl().model_dump(mode="json"),
        policy_id=loop.base.id,
        reference_id=loop.base.id,
        sample_set_ids=(loop.prompts.id,),
        num_prompts=3,
    )
    estimate = rounds.estimate(loop.actor, loop.project.id, plan)
    assert estimate.samples == 12
    assert not any("answer" in warning for warning in estimate.warnings), estimate.warnings
    assert sizes(icl(), 0, prompts=3, taken=0).samples == 12
