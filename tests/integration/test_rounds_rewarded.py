"""Rounds of the recipes of online RL with rewards of their own, to a checkpoint: real training, short texts."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_mixed import ended
from tests.integration.test_rounds_rl import TRAINING as ROLLOUTS
from tests.integration.test_rounds_rl import rollouts_of

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
SHORT = ROLLOUTS | {"gradient_accumulation_steps": 1, "max_length": 4096}
FIRST = {"pattern": "^(.)"}  # an untrained model answers in no form: what it writes is read by its first character
SOLVER = {
    "name": "scripted",
    "rules": [{"pattern": "prompt a", "reply": ("Wait, to check: #### 4", "#### 4")}],
    "replies": ["Wait, to check: #### 9"],
}


def short(name: str, *, start: str = "policy", reward: dict[str, Any] | None = None, **steps: Any) -> Recipe:
    """The recipe, its online training one step long, trained from `start`; steps: changed knobs, by name."""
    data = recipes.get(name).with_changes(steps | {"metrics": [], "groups_per_batch": 4, "unparsed_limit": 1.0})
    written = data.model_dump(mode="json")
    for phase in written.get("phases", [written]):
        for step in phase["steps"]:
            part = step["part"]
            if part["name"] == "sft":
                part |= TRAINING | {"max_steps": 1, "start": "base"}
            elif part["name"] == "grpo":
                part |= SHORT | {"start": start, "reward": part["reward"] | (reward or {})}
    return Recipe.model_validate(written)


def done(loop: Loop, round_id: int) -> tables.Round:
    result = loop.run(round_id, trains=True)
    assert (result.status, result.error) == (RoundStatus.done, None)
    return result


def components(round_id: int) -> list[dict[str, float | None]]:
    return [sample.extra["components"] for sample in rollouts_of(round_id) if sample.kind == "rollout"]


def asked(result: dict[str, Any]) -> set[str]:
    """The last questions of the rows that the last training read."""
    rows = result["rows"][max(result["rows"])]
    return {row["prompt"][-1]["content"] for row in rows}


def real(name: str, folder: Path, **changes: Any) -> Loop:
    """A project whose policy has weights."""
    loop = Loop(short(name, **changes), {"name": "transformers", "model": str(folder)}, folder)
    loop.policy = loop.base
    return loop


@pytest.mark.parametrize("name", ["decoupled_exploration_rewards", "oversampled_rl"])
def test_demonstrations_are_followed_by_rewards(tiny: Path, name: str) -> None:
    loop = Loop(short(name), SOLVER, tiny)
    first = loop.launch()
    assert loop.run(first).error is None
    rows = {(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows_of_round(first)["rows"][3]}
    shown, plain = ("prompt a", "Wait, to check: #### 4"), ("prompt a", "#### 4")
    assert rows == ({shown, plain} if name == "decoupled_exploration_rewards" else {shown})
    ended(first, loop.base.id)
    loop.policy = loop.base
    second = done(loop, loop.launch(parent_id=first))
    assert second.phase == 1
    assert asked(rows_of_round(second.id)) == set(RIGHT)
    texts = rollouts_of(second.id)
    assert len(texts) == 8
    if name == "decoupled_exploration_rewards":
        assert all(set(text.extra["components"]) == {"exact_match", "behavior_tags"} for text in texts)
    with reading() as db:
        made_by = db.scalars(select(tables.Checkpoint).where(tables.Checkpoint.id == second.checkpoint_id)).one()
    assert made_by.parent_id == loop.base.id
