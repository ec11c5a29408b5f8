"""What rounds of trees share."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from tests.integration.loop import TRAINING
from tests.tiny import make_tiny_model

SMALL = TRAINING | {"max_steps": 1}
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)next step.*<<<A\n(right|#### 4|#### 6)", "reply": "Winner: A"},
        {"pattern": "next step", "reply": "Winner: B"},
        {"pattern": "(?s)prompt a.*right", "reply": ("#### 4", "#### 5")},
        {"pattern": "(?s)prompt [bc].*right", "reply": ("#### 5", "#### 6")},
        {"pattern": "prompt [abc]", "reply": ("right\nand\n#### 4", "right\n#### 5", "wrong\n#### 9")},
        {"pattern": "prompt", "reply": ("right\n#### 1", "wrong\n#### 2")},
    ],
}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def small(name: str, search: dict[str, Any], **plan: Any) -> Recipe:
    data = recipes.get(name).model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2} | plan
    for phase in data.get("phases", [data]):
        for step in phase["steps"]:
            if step["kind"] == "trainer":
                step["part"] |= SMALL | {"start": "base"}
            if step["part"]["name"] == "tree_search":
                step["part"] |= search
    return Recipe.model_validate(data)


def tree_of(round_id: int) -> list[Any]:
    """Every step with its path, what was noted, and its label."""
    sample, group, label = tables.Sample, tables.Group, tables.Label
    with reading() as db:
        query = (
            select(group.position, group.messages, group.parent_id, sample.id, sample.text, sample.extra, label.score)
            .select_from(sample)
            .join(group, group.id == sample.group_id)
            .join(label, label.sample_id == sample.id)
            .where(group.round_id == round_id, group.step == 1)
            .order_by(group.position, sample.position)
        )
        return list(db.execute(query))
