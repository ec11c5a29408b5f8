"""Synergistic Policy And Reward Co-Evolving Framework (SPARK): a short round."""

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
def test_spark_learns_to_judge_what_it_writes(tiny: Path) -> None:
    loop = Loop(short("spark", 0, reward=DIGITS, max_length=2048), {"name": "transformers", "model": str(tiny)}, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    noted = json.loads((settings().folder / checkpoint.location / "train.json").read_text())["metrics"]
    assert noted["judging/rows"] == len(rollouts_of(ended.id)) == 8
    assert noted["judging/loss"] > 0
