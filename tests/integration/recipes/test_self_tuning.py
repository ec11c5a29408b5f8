"""Zhang et al. 2024 (Self-Tuning), arXiv 2406.06326: what makes it that method."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.services import datasets
from backend.services.datasets import exports
from backend.values import DatasetType
from tests.groups import prompt
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import TEXTS, Documents, checkpoint, last_rows, record, short
from tests.rows import make_prompt_set

RECIPE = recipes.get("self_tuning")


def kinds(phase: int) -> list[str]:
    return [str(step.part.name) for step in RECIPE.phases[phase].steps]


def test_three_stages_of_one_round_each_and_the_last_repeats():
    assert [phase.rounds for phase in RECIPE.phases] == [1, 1, 1]
    assert [RECIPE.phase_of(n) for n in range(5)] == [0, 1, 2, 2, 2]


def test_stage_1_learns_documents_their_tasks_and_their_questions_together():
    assert kinds(0) == [
        "prompt_set",
        "plain_texts",
        "document_tasks",
        "own_answers",
        "plain_texts",
        "seed_share",
        "sft",
    ]
    assert RECIPE.places(0)[-1].rows == (1, 4, 5)
    assert [RECIPE.phases[0].steps[n].part.take for n in (1, 4)] == ["asked", "chats"]
    assert RECIPE.phases[0].steps[5].part.reads_seeds


def test_tasks_are_derived_from_the_very_documents():
    documents, tasks = RECIPE.phases[0].steps[0].part, RECIPE.phases[0].steps[2].part
    pool = [prompt(f"Text {n} begins. It goes on with words. It says one thing more.", id=n) for n in range(1, 30)]
    reply = tasks.ask([], pool, limit=5, seed=1)
    assert [entry.id for entry in documents.prompts(None, pool, limit=5, seed=2)] == [1, 2, 3, 4, 5]
    assert [entry.prompt.id for entry in reply] == [n for n in range(1, 6) for _ in tasks.kinds]
    assert len({entry.prompt.messages[0]["content"].split("\n")[0] for entry in reply}) == 4
    assert all(entry.prompt.answer for entry in reply)


def test_stage_2_learns_new_documents_with_a_review_and_stage_3_documents_alone():
    assert kinds(1) == ["prompt_set", "plain_texts", "seed_share", "sft"]
    assert kinds(2) == ["prompt_set", "plain_texts", "sft"]


def test_of_documents_every_token_is_learned_and_of_tasks_the_answer():
    for trainer in RECIPE.of_kind("trainer"):
        assert (trainer.name, trainer.start, trainer.answers_only) == ("sft", "policy", True)
        assert DatasetType.language_modeling in trainer.takes
    assert RECIPE.judges == []


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_tuning_learns_how_to_learn_then_with_a_review_then_documents_alone(tiny: Path) -> None:
    loop = Documents(short("self_tuning"), tiny)
    asked = {"Who wrote text one?": "Nobody.", "How many texts?": "Three."}
    review = make_prompt_set(loop.project, prompts=list(asked), answers=list(asked.values()))
    first = loop.ran(mix_set_ids=(review.id,), num_prompts=2)
    rows = last_rows(first)
    texts, chats = (
        [row["text"] for row in rows if "text" in row],
        [row["messages"] for row in rows if "messages" in row],
    )
    assert texts == TEXTS[:2], "in order, and each whole"
    tasks = [chat for chat in chats if chat[0]["content"] not in asked]
    assert len(tasks) == 8
    assert all(chat[0]["content"].endswith("Output:") for chat in tasks)
    assert not any("three" in chat[0]["content"] for chat in tasks), "tasks of the documents that are learned"
    assert {chat[0]["content"]: chat[1]["content"] for chat in chats if chat not in tasks} == asked
    assert record(first.checkpoint_id)["rows_used"] == len(rows) == 12
    new = make_prompt_set(loop.project, prompts=["News one is here. It is new.", "News two is here, too."])
    second = loop.after(first, new, mix_set_ids=(review.id,))
    assert sorted(row.get("text") or row["messages"][0]["content"] for row in last_rows(second)) == sorted(
        ["News one is here. It is new.", "News two is here, too.", *asked]
    )
    third = loop.after(second, new)
    assert [row["text"] for row in last_rows(third)] == ["News one is here. It is new.", "News two is here, too."]
    assert [entry.phase for entry in (first, second, third)] == [0, 1, 2]
    assert checkpoint(third.checkpoint_id).parent_id == second.checkpoint_id
    # The page and the download show the same rows.
    with reading() as db:
        of_first = select(tables.Dataset).where(tables.Dataset.round_id == first.id)
        dataset = list(db.scalars(of_first.order_by(tables.Dataset.step)))[-1]
    assert dataset.type is DatasetType.language_modeling
    page = datasets.rows(loop.actor, dataset.id)
    assert (page.type, [row.origin for row in page.rows].count("mix")) == (DatasetType.language_modeling, 2)
    assert datasets.verify(loop.actor, dataset.id).is_unchanged
    written = [json.loads(line) for line in exports.export(loop.actor, dataset.id).path.read_text().splitlines()]
    assert [row["text"] for row in written[:2]] == TEXTS[:2]
    assert written[-1]["text"] in {f"{question}\n\n{answer}" for question, answer in asked.items()}
