"""Rounds of the recipes that filter what was sampled, killed and run again, and what they share."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.trainers.training import message, progress, train
from tests.tiny import make_tiny_model

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WAYS = tuple(f"{way}#### {answer}" for answer in (4, 5, 6, 7, 8) for way in ("", "well, ", "let me think of it: "))
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "A box holds 12 eggs", "reply": tuple(f"= {answer}" for answer in (4, 5, 6, 7, 8))},
        {"pattern": "prompt", "reply": (*WAYS, "I give up")},
    ],
}


def short(name: str, **changes: Any) -> Recipe:
    """The recipe, trained from the tiny model for two steps."""
    beside = {"trainer": TRAINING | {"start": "base"}, "groups_per_batch": 2, "metrics": []}
    return recipes.get(name).with_changes(beside | changes)


RECIPES = {
    "rest_em": short("rest_em", selector={"max_per_prompt": 2}, trainer=TRAINING),
    "concise_self_training": short("concise_self_training"),
    "irpo": short("irpo", selector={"pairs_per_prompt": 3}),
    "lmsi": short("lmsi"),
    "east": short("east"),
}


def texts(round_id: int) -> dict[str, list[tuple[str, Verdict | None]]]:
    """Of each prompt the texts and verdicts of its samples, in order."""
    group, sample, label = tables.Group, tables.Sample, tables.Label
    query = (
        select(tables.Prompt.messages, sample.text, label.verdict)
        .join(group, group.prompt_id == tables.Prompt.id)
        .join(sample, sample.group_id == group.id)
        .outerjoin(label, label.sample_id == sample.id)
        .where(sample.round_id == round_id)
        .order_by(sample.id)
    )
    by_prompt: dict[str, list[tuple[str, Verdict | None]]] = {prompt: [] for prompt in RIGHT}
    with reading() as db:
        for messages, text, verdict in db.execute(query):
            by_prompt[messages[0]["content"]].append((text, verdict))
    return by_prompt


def last_content(row: dict[str, Any], column: str) -> str:
    return str(row[column][0]["content"])


def rows_of(result: dict[str, Any], prompt: str) -> list[dict[str, Any]]:
    (rows,) = result["rows"].values()
    return [row for row in rows if last_content(row, "prompt") == prompt]


def trained(name: str, folder: Path) -> tuple[tables.Round, dict[str, Any]]:
    """A whole round of the recipe; raises AssertionError where it fails."""
    loop = Loop(RECIPES[name], SOLVER, folder)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(ended.id)
    # Every row asks what the prompt asks, nothing else.
    (rows,) = result["rows"].values()
    assert {last_content(row, "prompt") for row in rows} <= set(RIGHT)
    assert ended.counts["kept"] == len(rows) > 0
    with reading() as db:
        assert db.get_one(tables.Checkpoint, ended.checkpoint_id).parent_id == loop.base.id
    return ended, result


@pytest.mark.parametrize("name", RECIPES)
def test_killed_in_every_transaction_it_makes_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    loop = Loop(RECIPES[name], SOLVER, tiny)
    first, second = loop.launch(), loop.launch()
    assert loop.run(first).error is None
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 5
    assert rows_of_round(second) == rows_of_round(first)
    assert rows_of_round(first)["rows"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model without a database."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", hidden=16, layers=1)


PAIRS = [("a", "yes", "n"), ("bb", "k", "nope"), ("c", "a longer text", "x")]


def pairs(*weights: float) -> list[dict[str, Any]]:
    return [
        {
            "prompt": message("user", prompt),
            "chosen": message("assistant", good),
            "rejected": message("assistant", bad),
            "weight": weight,
        }
        for (prompt, good, bad), weight in zip(PAIRS, weights, strict=True)
    ]


def first_loss(name: str, folder: Path, model: Path, data: list[dict[str, Any]], **knobs: Any) -> float:
    """The loss of the first step of the recipe's trainer, all rows in one batch, the reference being its start."""
    trainer = recipes.get(name).trainer.model_copy(update={"max_steps": 1, "learning_rate": 1e-9} | knobs)
    train(trainer, model, folder, data=data)
    return next(float(line["metrics"]["loss"]) for line in progress(folder) if "loss" in line["metrics"])
