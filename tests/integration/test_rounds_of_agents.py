"""Rounds of agents: episodes in environments, and several policies in one round, with real training."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.widgets import sample_card
from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.environments.calculator import Calculator
from backend.generators.environment_rollout import EnvironmentRollout
from backend.judges.exact_match import ExactMatch
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services import queue, reviews
from backend.services.samples import detail
from backend.trainers.sft import SFT
from backend.values import DecisionKind, FailureKind, RoundStatus, Split
from tests.integration.loop import TRAINING, Loop, rows_of_round
from tests.rows import make_prompt_set
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
SMALL = TRAINING | {"max_steps": 1, "max_length": 4096}
COUNTING = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)prompt a.*Observation: 4", "reply": "Answer: 4"},
        {"pattern": "prompt a", "reply": "I add.\nAction: calculate[2 + 2]"},
        {"pattern": "prompt b", "reply": "Action: calculate[1]"},
        {"pattern": "prompt", "reply": "Answer: 5"},
    ],
}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def changed(name: str, **of_parts: dict[str, Any]) -> dict[str, Any]:
    """A recipe's JSON with short trainings, and changes of its parts by their names."""
    data = recipes.get(name).model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2}
    for step in data["steps"]:
        step["part"] |= of_parts.get(step["part"]["name"], {}) | (SMALL if step["kind"] == "trainer" else {})
    return data


def test_whole_episodes_are_trained_on_measured_and_shown(tiny: Path) -> None:
    rollout = EnvironmentRollout(environment=Calculator(), n=1, temperature=0.0, max_turns=2, max_tokens=32)
    steps = (PromptSet(), rollout, ExactMatch(), AboveThreshold(threshold=1.0), SFT(**SMALL, start="base"))
    recipe = Recipe(name="x", title="X", steps=steps, metrics=(HeldOutAccuracy(),), groups_per_batch=2)
    loop = Loop(recipe, COUNTING, tiny)
    held = make_prompt_set(loop.project, prompts=["the other prompt a"], answers=["4"], split=Split.held_out)
    round_id = loop.launch(is_reviewed=True, held_out_set_ids=(held.id,))
    assert loop.run(round_id).status is RoundStatus.review
    with reading() as db:
        left_out = db.scalars(select(tables.LeftOut).where(tables.LeftOut.round_id == round_id)).all()
        samples = db.scalars(select(tables.Sample).where(tables.Sample.round_id == round_id)).all()
    assert len(left_out) == 1
    assert all(out.kind is FailureKind.unfinished and "not over after 2 texts" in out.reason for out in left_out)
    episode = next(sample for sample in samples if sample.text == "Answer: 4")

    shown = detail.detail(loop.actor, episode.id)
    card = sample_card.card(shown, {})
    assert sample_card.title(shown) == "Episode of 2 texts"
    assert [turn["who"] for turn in card["turns"]] == ["environment", "policy", "environment"]
    assert card["turns"][-1]["content"] == "Observation: 4"
    items = {item.sample_id: item for item in queue.queue(loop.actor, round_id, limit=9)}
    assert [message["content"] for message in items[episode.id].messages][2:] == [
        "I add.\nAction: calculate[2 + 2]",
        "Observation: 4",
    ]
    edit = {"client_id": "edit-0001", "sample_id": episode.id, "kind": DecisionKind.edit}
    reviews.decide(loop.actor, *edit.values(), text="Answer: four", round_id=round_id)
    reviews.close(loop.actor, round_id)

    ended = loop.run(round_id, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    (rows,) = rows_of_round(round_id)["rows"].values()
    row = next(record for record in rows if "prompt a" in record["prompt"][0]["content"])
    assert [entry["role"] for entry in row["completion"]] == ["assistant", "user", "assistant"]
    assert row["completion"][0]["content"] == "I add.\nAction: calculate[2 + 2]"
    assert row["completion"][-1]["content"] == "Answer: four", "the person's last message, after the same turns"
    assert row["prompt"][0]["content"].startswith("prompt a\n\nYou may use tools")
    with reading() as db:
        played = db.scalars(select(tables.Sample).where(tables.Sample.split == Split.held_out)).all()
        metrics = db.scalars(select(tables.Metric).where(tables.Metric.round_id == round_id)).all()
    policy = next(sample for sample in played if sample.checkpoint_id == loop.policy.id)
    assert [turn["content"] for turn in policy.turns][-2:] == ["Observation: 4", "Answer: 4"]
    assert {metric.details["measured_by"]["plays"]["name"] for metric in metrics} == {"environment_rollout"}
