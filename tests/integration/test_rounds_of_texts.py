"""Rounds on plain documents: as texts to learn whole, with tasks and chats beside them, and as what answers stand on."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.services import datasets
from backend.services.datasets import exports
from backend.values import DatasetType, RoundStatus, SetUse
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
TEXTS = [f"Text {n} begins here. It goes on with more words. It says a third thing." for n in ("one", "two", "three")]
ONE_STEP = TRAINING | {"max_steps": 1}
PROPOSED = (
    "tell me how the first text begins",
    "which words come third in it",
    "what does it go on with then",
    "name the number of the text please",
    "why does a text say three things",
    "how many sentences are there in all",
)
WRITER = {
    "name": "scripted",
    "rules": [
        {"pattern": "Write one question that the text answers|new task alone", "reply": PROPOSED},
        {
            "pattern": "Answer this question by the text|Answer it by what is known",
            "reply": (
                "it begins there and goes on",
                "it says a third thing at its end",
                "so so so so so so so so so so so so",
            ),
        },
    ],
}


def short(name: str, trainer: dict[str, Any] | None = None, **changes: Any) -> Recipe:
    return recipes.get(name).with_changes(
        {"trainer": ONE_STEP | (trainer or {}), "groups_per_batch": 2, "metrics": [], "unparsed_limit": 1.0} | changes
    )


class Documents(Loop):
    """A policy with weights, or one that writes by script, and documents to learn from."""

    def __init__(self, recipe: Recipe, folder: Path, engine: dict[str, Any] | None = None) -> None:
        super().__init__(recipe, engine or {"name": "transformers", "model": str(folder)}, folder)
        self.prompts = make_prompt_set(self.project, prompts=TEXTS)

    def ran(self, **plan: Any) -> tables.Round:
        """A whole round."""
        ended = self.run(self.launch(**plan), trains=True)
        assert (ended.status, ended.error) == (RoundStatus.done, None)
        return ended

    def after(self, ended: tables.Round, documents: tables.PromptSet, **plan: Any) -> tables.Round:
        """The round that goes on from one."""
        self.policy, self.prompts = checkpoint(ended.checkpoint_id), documents
        return self.ran(parent_id=ended.id, **plan)


def checkpoint(id_: int | None) -> tables.Checkpoint:
    with reading() as db:
        return db.get_one(tables.Checkpoint, id_)


def record(id_: int | None) -> dict[str, Any]:
    """What a training noted."""
    return dict(json.loads((settings().folder / checkpoint(id_).location / "train.json").read_text()))


def last_rows(ended: tables.Round) -> list[dict[str, Any]]:
    """What the last training of a round read."""
    rows = rows_of_round(ended.id)["rows"]
    return list(rows[max(rows)])


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


def test_mix_cpt_pre_trains_on_both_and_aligns_the_format_after(tiny: Path) -> None:
    loop = Documents(short("mix_cpt"), tiny)
    general = make_prompt_set(loop.project, prompts=["1 + 1 =", "2 + 2 ="], answers=["2", "4"])
    first = loop.ran(mix_set_ids=(general.id,))
    rows = last_rows(first)
    assert sorted(row["text"] for row in rows if "text" in row) == sorted(TEXTS)
    assert {row["messages"][0]["content"]: row["messages"][1]["content"] for row in rows if "messages" in row} == {
        "1 + 1 =": "2",
        "2 + 2 =": "4",
    }
    noted = record(first.checkpoint_id)
    assert noted["spec"]["policy"] == noted["spec"]["reference"] == str(tiny), "the model before training teaches"
    assert (noted["rows_used"], noted["spec"]["trainer"]["swap_logits"]) == (5, True)
    second = loop.after(first, general)
    assert second.phase == 1
    assert {row["prompt"][0]["content"]: row["completion"][0]["content"] for row in last_rows(second)} == {
        "1 + 1 =": "2",
        "2 + 2 =": "4",
    }
    assert checkpoint(second.checkpoint_id).parent_id == first.checkpoint_id


def test_further_pre_training_is_distilled_into_the_weights_it_began_with(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.get("self_distilled_further_pretraining")
    data = recipe.with_changes({"metrics": []}).model_dump(mode="json")
    for phase in data["phases"]:
        for step in phase["steps"]:
            step["part"] |= ONE_STEP if step["kind"] == "trainer" else {}
    loop = Documents(Recipe.model_validate(data), tiny)
    with dying(monkeypatch) as kills:
        first = loop.ran()
    assert kills[0] >= 5
    with reading() as db:
        (adapted,) = db.scalars(
            select(tables.RoundRole).where(tables.RoundRole.round_id == first.id, tables.RoundRole.step >= 0)
        )
        assert len(db.scalars(select(tables.Checkpoint)).all()) == 4, "each training ran once"
    assert adapted.role == "adapted"
    copy, product = checkpoint(adapted.checkpoint_id), checkpoint(first.checkpoint_id)
    assert (copy.parent_id, product.parent_id) == (loop.base.id, loop.base.id)
    spec = record(product.id)["spec"]
    assert spec["policy"] == str(tiny)
    assert spec["reference"].endswith(copy.location)
    assert record(product.id)["metrics"]["distance"] > 0
    rows = rows_of_round(first.id)["rows"]
    assert rows[1] == rows[3]
    assert sorted(row["text"] for row in rows[3]) == sorted(TEXTS)
    # The next round begins again with the base, and the last one teaches.
    second = loop.after(first, loop.prompts)
    spec = record(second.checkpoint_id)["spec"]
    assert (second.phase, checkpoint(second.checkpoint_id).parent_id) == (1, loop.base.id)
    assert spec["policy"] == str(tiny)
    assert spec["reference"].endswith(product.location)


def asked_of(result: dict[str, Any], step: int) -> list[Any]:
    return [row for row in result["texts"] if row[0] == step]


def test_knowledge_instruct_trains_on_questions_without_the_text_they_were_answered_with(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Documents(short("knowledge_instruct", {"start": "base"}, questions={"n": 2}), tiny, WRITER)
    first, second = loop.launch(), loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 8
    result, again = rows_of_round(first), rows_of_round(second)
    assert {name: again[name] for name in ("texts", "said", "steps")} == {
        n: result[n] for n in ("texts", "said", "steps")
    }
    # Rows that are worth the same come in an order that goes by their prompts, and each round adopts its own.
    assert [sorted(map(json.dumps, some)) for some in again["rows"].values()] == [
        sorted(map(json.dumps, some)) for some in result["rows"].values()
    ]
    questions, answers = asked_of(result, 0), asked_of(result, 4)
    assert len(questions) == 6
    assert all(row[3] and any(text in row[2][0]["content"] for text in TEXTS) for row in answers), "hidden in rows"
    rows = last_rows(ended)
    assert {row["prompt"][0]["content"] for row in rows} <= set(PROPOSED)
    assert not any("so so so so" in row["completion"][0]["content"] for row in rows)
    assert ended.counts["kept"] > 0


def test_self_evolution_brings_the_most_valuable_rows_of_earlier_rounds_back(tiny: Path) -> None:
    loop = Documents(short("domain_self_evolution", {"start": "base"}, mixer={"most": 1}), tiny, WRITER)
    first = loop.ran()
    rows = last_rows(first)
    assert all(row["weight"] > 0 for row in rows), "each row carries its value"
    assert (settings().folder / checkpoint(first.checkpoint_id).location / "adapter_config.json").is_file()
    second = loop.run(loop.launch(parent_id=first.id, seed=8))
    assert second.error is None
    new = second.counts["kept"]
    assert new == len(asked_of(rows_of_round(second.id), 4)), "all that is new is learned"
    (back,) = last_rows(second)[new:]
    assert back["weight"] == max(row["weight"] for row in rows)
    with reading() as db:
        uses = db.execute(select(tables.RoundPromptSet.use).where(tables.RoundPromptSet.round_id == second.id)).all()
    assert uses == [(SetUse.sample,)]


def test_self_specialization_answers_with_passages_of_unlabelled_texts(tiny: Path) -> None:
    loop = Documents(short("self_specialization", {"start": "base", "lora": False}), tiny, WRITER)
    seeds = ["how does a seed begin", "which seed is the second"]
    loop.prompts = make_prompt_set(loop.project, prompts=[*seeds, *TEXTS], answers=["a", "b", *[None] * 3])
    ended = loop.ran(num_prompts=6)
    result = rows_of_round(ended.id)
    shown = [row[2][0]["content"] for row in asked_of(result, 0)]
    assert len(shown) == 6
    assert all(seeds[0] in text and not any(line in text for line in TEXTS) for text in shown)
    answers = [row[2][0]["content"] for row in asked_of(result, 4)]
    assert any(text in asked for asked in answers for text in TEXTS)
    rows = last_rows(ended)
    assert {row["prompt"][0]["content"] for row in rows} <= set(PROPOSED)
    assert not any("what is known" in row["prompt"][0]["content"] for row in rows)
