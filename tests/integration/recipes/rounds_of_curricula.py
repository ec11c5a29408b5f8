"""What rounds share whose trainer chooses prompts or gets help with them."""

from pathlib import Path
from typing import Any

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rl import TRAINING

FIRST = {"name": "exact_match", "pattern": "(?s)^(.)"}
"""An untrained model answers in no form: what it writes is read as an answer by its first character."""


def short(name: str, **trainer: Any) -> Recipe:
    changes = {"trainer": TRAINING | {"reward": FIRST} | trainer, "metrics": []}
    return recipes.get(name).with_changes(changes)


def real(recipe: Recipe, folder: Path) -> Loop:
    return Loop(recipe, {"name": "transformers", "model": str(folder)}, folder)


def final_of(round_: tables.Round) -> Path:
    with reading() as db:
        return settings().folder / db.get_one(tables.Checkpoint, round_.checkpoint_id).location
