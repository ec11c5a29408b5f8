"""Rounds that make tasks of documents: real rows, real training, killed and run again."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.db import reading, tables
from backend.generators.own_answers import OwnAnswers
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services import queue, reviews, rounds
from backend.services.plans.sizes import sizes
from backend.trainers.sft import SFT
from backend.values import DecisionKind, RoundStatus, Stage
from tests.integration.loop import JUDGE, TRAINING, Loop, both, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

TEXTS = [f"Text {n} begins here. It goes on with more words. It says a third thing." for n in ("one", "two", "three")]


def icl(**changes: Any) -> Recipe:
    known = {"prompt_source": {"shots": 1}, "trainer": TRAINING | {"max_steps": 1, "start": "base"}, "metrics": []}
    return recipes.get("self_supervised_icl").with_changes(known | {"groups_per_batch": 2} | changes)


class Documents(Loop):
    """A project whose prompts are documents, with no known answers."""

    def __init__(self, recipe: Recipe, folder: Path, texts: list[str] = TEXTS) -> None:
        super().__init__(recipe, JUDGE, folder)
        self.prompts = make_prompt_set(self.project, prompts=texts)


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
def test_verifiers_compare_with_the_answer_of_the_task(tiny: Path) -> None:
    steps = (
        DocumentTasks(kinds=("masked_word",), per_document=2),
        OwnAnswers(),
        ExactMatch(),
        AboveThreshold(threshold=1.0),
        SFT(**TRAINING, start="base"),
    )
    loop = Documents(Recipe(name="x", title="X", steps=steps, groups_per_batch=2), tiny)
    round_id = loop.launch()
    ended = loop.run(round_id)
    assert (ended.stage, ended.error) == (Stage.train, None)
    assert ended.counts["kept"] == 6
    with reading() as db:
        assert db.scalar(select(func.count()).where(tables.Prompt.answer.is_not(None))) == 5, "of the other set"


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
