"""One short round of each recipe with a loss of its own: real training, killed and run again where rows are made."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.engines._weights import load_tokenizer
from backend.errors import InvalidInput
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.trainers.losses import logprobs_of
from tests.integration.trainers.training import KNOBS
from tests.rows import make_checkpoint
from tests.tiny import make_tiny_model

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ONE_STEP = KNOBS | {"max_steps": 1, "logging_steps": 1, "max_length": 512}
ANSWERS = tuple(f"#### {answer}" for answer in (4, 5, 6, 7, 8))
SOLVER = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": (*ANSWERS, "I give up")}]}


def short(name: str, **changes: Any) -> Recipe:
    return recipes.get(name).with_changes({"groups_per_batch": 2, "metrics": []} | changes)


def weights(folder: Path) -> dict[str, Any]:
    return {"name": "transformers", "model": str(folder)}


def trained(loop: Loop, **plan: Any) -> tuple[tables.Round, list[dict[str, Any]], dict[str, Any]]:
    """A whole round: itself, its rows, and what its training noted."""
    ended = loop.run(loop.launch(**plan), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    (rows,) = rows_of_round(ended.id)["rows"].values()
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    record = json.loads((settings().folder / checkpoint.location / "train.json").read_text())
    assert record["rows_used"] == len(rows) > 0
    return ended, rows, record


@pytest.mark.slow
@ONE_DATABASE
def test_nft_trains_on_right_and_wrong_samples(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(short("nft", generator={"n": 6}, trainer=ONE_STEP | {"start": "base"}), SOLVER, tiny)
    ended, rows, record = trained(loop)
    for prompt, answer in RIGHT.items():
        own = [row for row in rows if row["prompt"][0]["content"] == prompt]
        right = [row["completion"][0]["content"].endswith(answer) for row in own]
        assert [row["label"] for row in own] == right
        assert {row["rate"] for row in own} == ({sum(right) / len(right)} if own else set())
        assert not own or 0 < sum(right) < len(right)
    assert "I give up" not in {row["completion"][0]["content"] for row in rows}
    # At the first step the policy is the old one.
    assert record["metrics"]["ratio"] == pytest.approx(1.0, abs=1e-4)
    again = loop.launch()
    with dying(monkeypatch):
        loop.run(again)
    assert rows_of_round(again)["rows"] == rows_of_round(ended.id)["rows"]


@pytest.mark.slow
@ONE_DATABASE
def test_rlsc_weighs_each_sample_by_its_probability(tiny: Path) -> None:
    changes = {"generator": {"n": 2, "max_tokens": 3}, "trainer": ONE_STEP | {"per_device_train_batch_size": 16}}
    loop = Loop(short("rlsc", **changes), weights(tiny), tiny)
    ended, rows, record = trained(loop)
    assert len(rows) == len(RIGHT) * 2 - ended.counts["funnel"][4]["dropped"].get("empty text", 0)
    expected = 0.0
    for row in rows:
        by_token = logprobs_of(tiny, row["prompt"], row["completion"][0]["content"])
        assert row["weight"] == pytest.approx(math.exp(float(by_token[:-1].sum())), rel=1e-3), "without the end token"
        expected += -(row["weight"] + 0.1) * float(by_token.sum()) / len(rows)
    assert record["metrics"]["loss"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
@ONE_DATABASE
def test_progressive_target_refinement_learns_from_its_own_past(tiny: Path) -> None:
    loop = Loop(short("progressive_target_refinement", trainer=ONE_STEP), weights(tiny), tiny)
    ended, rows, record = trained(loop)
    assert {row["prompt"][0]["content"]: row["completion"][0]["content"] for row in rows} == RIGHT
    assert record["spec"]["reference"] == record["spec"]["policy"]
    with reading() as db:
        assert db.get_one(tables.Checkpoint, ended.checkpoint_id).parent_id == loop.policy.id
        assert db.scalars(select(tables.Judgment)).first() is None


@pytest.mark.slow
@ONE_DATABASE
def test_self_evolution_kd_learns_from_a_teacher_with_the_same_tokenizer(tiny: Path) -> None:
    loop = Loop(short("self_evolution_kd", trainer=ONE_STEP), weights(tiny), tiny)
    with pytest.raises(InvalidInput, match=r"names the role 'teacher', but no checkpoint is bound"):
        loop.launch()
    folder = make_tiny_model(settings().folder / "models/teacher", hidden=32, layers=1, context=4096, seed=5)
    teacher = make_checkpoint(loop.project, engine=weights(folder))
    strange = make_tiny_model(settings().folder / "models/strange", hidden=16, layers=1)
    tokenizer = load_tokenizer(str(strange))
    tokenizer.add_tokens(["<|more|>"])
    tokenizer.save_pretrained(strange)
    stranger = make_checkpoint(loop.project, engine=weights(strange))
    with pytest.raises(InvalidInput, match=r"Step 4 .* compares .* but they have different tokenizers"):
        loop.launch(roles={"teacher": stranger.id})
    _, rows, record = trained(loop, roles={"teacher": teacher.id})
    assert len(rows) == len(RIGHT)
    assert (record["spec"]["policy"], record["spec"]["reference"]) == (str(tiny), str(folder))
