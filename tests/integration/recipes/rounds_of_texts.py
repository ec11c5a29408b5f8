"""What rounds on plain documents share."""

import json
from pathlib import Path
from typing import Any

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

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


def asked_of(result: dict[str, Any], step: int) -> list[Any]:
    return [row for row in result["texts"] if row[0] == step]
