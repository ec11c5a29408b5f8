"""Reinforcement Learning with Last-Token Self-Rewarding (LaSeR): a short round."""

import json
from pathlib import Path

import pytest

from backend.config import settings
from backend.db import reading, tables
from backend.values import RoundStatus
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turn_rl import DIGITS, rollouts_of, short


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_laser_learns_to_score_what_it_writes(tiny: Path) -> None:
    recipe = short("laser", 1, reward=DIGITS, max_completion_length=80, reference_log_prob=-12.0)
    loop = Loop(recipe, {"name": "transformers", "model": str(tiny)}, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    assert {text.extra["reward"] for text in texts} <= {0.0, 1.0}
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    noted = json.loads((settings().folder / checkpoint.location / "train.json").read_text())["metrics"]
    assert 0 <= noted["self_score/accuracy"] <= 1
    assert noted["self_score/log_prob"] < 0
