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
from backend.errors import InvalidInput
from backend.generators.environment_rollout import EnvironmentRollout
from backend.judges.exact_match import ExactMatch
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services import queue, reviews
from backend.services.samples import detail
from backend.trainers.sft import SFT
from backend.values import DecisionKind, FailureKind, RoundStatus, Split, Stage
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.rows import make_checkpoint, make_prompt_set
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
SMALL = TRAINING | {"max_steps": 1, "max_length": 4096}
DOCUMENTS = ["Lima is the capital of Peru. It lies at the sea.", "Bread is made of flour."]
AGENT = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)grading an answer.*Answer: Cusco", "reply": "Score: 1"},
        {"pattern": "grading an answer", "reply": "Score: 5"},
        {"pattern": "(?s)next step.*<<<A\n[^>]*(Lima|capital)", "reply": "Winner: A"},
        {"pattern": "next step", "reply": "Winner: B"},
        {"pattern": "(?s)prompt.*Observation: Lima", "reply": ("Answer: Lima", "Answer: Lima", "Answer: Cusco")},
        {"pattern": "(?s)prompt.*Observation: Bread", "reply": "Answer: Cusco"},
        {"pattern": "prompt", "reply": (*["Action: search[capital of Peru]"] * 3, "Action: search[flour]")},
    ],
}
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


def test_rest_meets_react_trains_on_the_best_text_of_each_step(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = changed("rest_meets_react", additive_rubric={"votes": 1})
    loop = Loop(Recipe.model_validate(data), AGENT, tiny)
    with pytest.raises(InvalidInput, match="searches documents, and there are none"):
        loop.launch(num_prompts=3)
    sets = {"mix_set_ids": (make_prompt_set(loop.project, prompts=DOCUMENTS).id,), "num_prompts": 3}
    first = loop.launch(**sets)
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(first)

    sample, label = tables.Sample, tables.Label
    with reading() as db:
        query = select(sample.id, sample.text, sample.turns, label.score).join(label, label.sample_id == sample.id)
        episodes = db.execute(query.where(sample.round_id == first, sample.step == 1).order_by(sample.id)).all()
        of_step = select(tables.Group).where(tables.Group.round_id == first, tables.Group.step == 3)
        steps = db.scalars(of_step.order_by(tables.Group.position)).all()
        asked = [(step.parent_id, step.messages) for step in steps]
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert len(episodes) == 6
    for _, text, turns, score in episodes:
        assert turns[-1] == {"role": "assistant", "content": text}
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant"]
        assert score == (5 if text == "Answer: Lima" else 1), "models judge the answers"
    good = [episode.id for episode in episodes if episode.score == 5]
    assert good
    assert [parent for parent, _ in asked] == [id_ for id_ in good for _ in range(2)], "two steps of each"
    (rows,) = [result["rows"][n] for n in (7,)]
    assert rows == result["rows"][6], "there is nothing older yet"
    assert rows
    for row in rows:
        (answer,) = row["completion"]
        assert "Observation" not in answer["content"], "what the environment said is learned nowhere"
        assert row["prompt"] in [messages for _, messages in asked]
        if len(row["prompt"]) == 3:
            assert row["prompt"][-1]["content"].startswith("Observation: Lima")
            assert row["prompt"][-1]["role"] == "user"
    assert checkpoint.parent_id == loop.base.id

    second = loop.launch(parent_id=first, seed=4, **sets)
    with dying(monkeypatch) as kills:
        assert loop.run(second).stage is Stage.train
    assert kills[0] > 8
    grown, new = rows_of_round(second)["rows"][7], rows_of_round(second)["rows"][6]
    records = {(str(row["prompt"]), str(row["completion"])) for row in rows}
    assert len(grown) > len(new) or records <= {(str(row["prompt"]), str(row["completion"])) for row in new}


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


def speaker(name: str, *answers: int) -> dict[str, Any]:
    """An agent that says its name, and these answers to the prompts a, b and c."""
    rules = [{"pattern": f"prompt {p}", "reply": f"{name} #### {n}"} for p, n in zip("abc", answers, strict=True)]
    return {"name": "scripted", "rules": rules}


def test_multiagent_finetuning_trains_each_agent_on_what_it_said_itself(tiny: Path) -> None:
    data = changed("multiagent_finetuning", sft={"start": "base"})
    agents = ["generator_1", "generator_2", "critic_1", "critic_2"]
    data["steps"] = [
        step
        for step in data["steps"]
        if not any(name.endswith("_3") for name in (step["by"], step["name"], *step["roles"]))
    ]
    loop = Loop(Recipe.model_validate(data), speaker("nobody", 0, 0, 0), tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["prompt a", "prompt b", "prompt c"])
    fields = {"generator_1": (4, 5, 6), "generator_2": (9, 5, 6), "critic_1": (4, 5, 6), "critic_2": (4, 5, 7)}
    roles = {
        name: make_checkpoint(loop.project, parent=loop.base, engine=speaker(name, *fields[name])) for name in agents
    }
    first = loop.launch(roles={name: entry.id for name, entry in roles.items()})
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)

    rows = rows_of_round(first)["rows"]
    kept = [[entry["completion"][0]["content"] for entry in rows[number]] for number in sorted(rows)]
    # Of c the critics agree on nothing; of a the second generator is wrong.
    assert [sorted(texts) for texts in kept] == [
        ["generator_1 #### 4", "generator_1 #### 5"],
        ["generator_2 #### 5"],
        ["critic_1 #### 4", "critic_1 #### 5"],
        ["critic_2 #### 4", "critic_2 #### 5"],
    ]
    first_rows, *_, last_rows = (rows[number] for number in sorted(rows))
    assert {row["prompt"][0]["content"] for row in first_rows} == {"prompt a", "prompt b"}
    asked = [row["prompt"][0]["content"] for row in last_rows]
    assert any("<<<AGENT 2\ngenerator_2 #### 9\nAGENT 2>>>" in content for content in asked), "critics see all answers"
    with reading() as db:
        names = list(db.scalars(select(tables.Checkpoint.name).order_by(tables.Checkpoint.id)))[-4:]
        role = tables.RoundRole
        query = select(role.role, role.checkpoint_id).where(role.round_id == first, role.step >= 0)
        trained = {name: id_ for name, id_ in db.execute(query)}
    assert names == ["round-1", "round-1-generator_2", "round-1-critic_1", "round-1-critic_2"]
    assert sorted(trained) == sorted(agents)
    assert ended.checkpoint_id == trained["generator_1"]

    second = loop.launch(parent_id=first)
    with reading() as db:
        query = select(role.role, role.checkpoint_id).where(role.round_id == second, role.step == -1)
        assert {name: id_ for name, id_ in db.execute(query)} == trained, "each goes on from itself"
