"""What rounds of recipes with a loss of their own share."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.trainers.training import KNOBS

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ONE_STEP = KNOBS | {"max_steps": 1, "logging_steps": 1, "max_length": 512}


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
