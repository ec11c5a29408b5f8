"""Rounds whose prompts get harder, and what rounds of recipes share whose schedule looks back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.recipes import Recipe
from backend.services import rounds
from backend.values import RoundStatus, Split
from tests.integration.loop import Loop, rows_of_round
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_mixed import ended
from tests.integration.trainers.training import KNOBS
from tests.rows import make_prompt_set
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
ONE_STEP = KNOBS | {"max_steps": 1, "logging_steps": 1, "max_length": 512}
RL = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 4}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def short(name: str, *, keep: tuple[str, ...] = (), **changes: dict[str, Any]) -> Recipe:
    """The recipe, each training one step from the tiny model; changes by name or kind of the step."""
    data = recipes.get(name).with_changes({"groups_per_batch": 4, "unparsed_limit": 1.0}).model_dump(mode="json")
    data["metrics"] = [metric for metric in data["metrics"] if metric["name"] in keep]
    for step in data.get("steps") or [{"kind": k, "name": "", "part": data[k]} for k in ("generator", "trainer")]:
        part = step["part"]
        if step["kind"] == "trainer":
            part |= ONE_STEP | ({} if part["start"] == "taught" else {"start": "base"})
            part |= {"reference": "base"} if part["reference"] == "policy" else {}
            part |= RL if part["name"] == "grpo" else {}
        part |= changes.get(step["name"] or step["kind"], {})
    return Recipe.model_validate(data)


def rows_of(round_id: int) -> list[list[dict[str, Any]]]:
    return list(rows_of_round(round_id)["rows"].values())


def done(loop: Loop, round_id: int) -> tables.Round:
    result = loop.run(round_id, trains=True)
    assert (result.status, result.error) == (RoundStatus.done, None)
    return result


class Sums(Loop):
    """Prompts of two difficulties without known answers, and held-out ones with them."""

    def __init__(self, recipe: Recipe, engine: dict[str, Any], folder: Path) -> None:
        super().__init__(recipe, engine, folder)
        self.prompts = make_prompt_set(self.project, prompts=["prompt 1+1", "prompt 1+2", "prompt 11+22"])
        self.held_out = make_prompt_set(
            self.project, prompts=["prompt 2+2", "prompt 22+33"], answers=["4", "55"], split=Split.held_out
        )
        with session() as db:
            for prompt in db.scalars(select(tables.Prompt)):
                prompt.extra = {"difficulty": (len(prompt.text) - len("prompt +")) / 2}

    def launch(self, **plan: Any) -> int:
        return super().launch(**{"held_out_set_ids": (self.held_out.id,)} | plan)


ADDER = {
    "name": "scripted",
    "rules": [
        {"pattern": r"11\+22", "reply": "ten and twenty, one and two\n#### 33"},
        {"pattern": r"1\+1", "reply": "one and one\n#### 2"},
        {"pattern": r"1\+2", "reply": "one and two\n#### 3"},
        {"pattern": "prompt", "reply": "#### 4"},
    ],
}


@pytest.mark.parametrize("name", ["easy_to_hard", "reasoning_as_policy_improvement"])
def test_harder_prompts_follow_where_the_easy_ones_are_answered(tiny: Path, name: str) -> None:
    loop = Sums(short(name, keep=("accuracy_by_difficulty",), sample={"n": 2}, generator={"n": 2}), ADDER, tiny)
    first = loop.launch()
    assert loop.run(first).error is None
    ended(first, loop.policy.id)
    with session() as db:
        round_ = {"project_id": loop.project.id, "round_id": first, "created_at": now()}
        for level, value in ((1, 1.0), (2, 1.0)):
            db.add(tables.Metric(**round_, checkpoint_id=loop.policy.id, name=f"accuracy_at_{level}", value=value, n=1))
    plan = rounds.defaults(loop.actor, loop.project.id, first)
    second = done(loop, rounds.launch(loop.actor, loop.project.id, plan))
    assert second.tuned == {"changes": {"prompt_source": {"lowest": 2.0, "highest": 2.0}}}
    (before, *_), (new, *_, trained) = rows_of(first), rows_of(second.id)
    # What is harder is labelled by the policy alone; what it was trained on before stays in.
    assert {last_content(row, "prompt") for row in before} == {"prompt 1+1", "prompt 1+2"}
    assert {last_content(row, "prompt") for row in new} == {"prompt 11+22"}
    assert trained == new + before
    answers = {last_content(row, "completion") for row in trained}
    if name == "easy_to_hard":
        assert answers == {"one and one\n#### 2", "one and two\n#### 3", "ten and twenty, one and two\n#### 33"}
    else:
        assert answers == {"#### 2", "#### 3", "#### 33"}
        assert all(len(row["prompt"]) == 1 for row in trained)
    # The new checkpoint was measured at each level; the untrained model answers neither, so that the level stays.
    with reading() as db:
        query = select(tables.Metric.name, tables.Metric.value)
        measured = dict(
            db.execute(query.where(tables.Metric.checkpoint_id == second.checkpoint_id).order_by(tables.Metric.name))
            .tuples()
            .all()
        )
    assert measured == {"accuracy_at_1": 0.0, "accuracy_at_2": 0.0}
    third = rounds.defaults(loop.actor, loop.project.id, second.id)
    assert recipes.read(third.recipe).prompt_source.highest == 2.0  # type: ignore[attr-defined]
