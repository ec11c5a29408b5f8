"""Rounds whose trainer writes chats of several turns, or scores its own texts: what it is given, what it leaves."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_turns import ANSWERS, last_content, scripted
from tests.integration.test_rounds_rl import TRAINING
from tests.integration.test_rounds_rl import rollouts_of as samples_of

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
# An untrained model answers in no form: what it writes is read as an answer by its first character.
RL: dict[str, Any] = TRAINING | {"reward": {"name": "exact_match", "pattern": "(?s)^(.)"}}
SFT: dict[str, Any] = {"max_steps": 1, "start": "base"}
DIGITS = {"name": "surface_rules", "must_match": "[0-9]"}


def short(name: str, *phases: int, **knobs: Any) -> Recipe:
    """Some phases of the recipe, trained for one step, with texts of six tokens."""
    data = recipes.get(name).model_dump(mode="json")
    every = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [every[n] for n in phases]
    for part in (step["part"] for phase in kept for step in phase["steps"]):
        if part["name"] in ("multi_turn_grpo", "grpo_self_score", "grpo_judge_mix"):
            part |= RL | knobs
        elif part["name"] == "sample":
            part |= {"max_tokens": 6}
        elif part["name"] == "sft":
            part |= SFT
    return Recipe.model_validate(data | {"phases": kept, "groups_per_batch": 4, "metrics": [], "unparsed_limit": 1})


def rollouts_of(round_id: int) -> list[tables.Sample]:
    return [sample for sample in samples_of(round_id) if sample.kind == "rollout"]


def test_score_trains_on_both_turns_and_holds_the_first_to_the_base(tiny: Path) -> None:
    loop = Loop(short("score", 0, 1), {"name": "transformers", "model": str(tiny)}, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    assert [reply.position for reply in texts] == [0, 1, 2, 3] * 2
    again = recipes.get("score").phases[0].steps[-1].part.follow_ups[0]
    for text in texts:
        assert text.text.startswith("assistant: ")
        assert f"\n\nuser: {again}\n\nassistant: " in text.text
        assert set(text.extra["components"]) == {"turn_1", "turn_2"}
        first, second = text.extra["turns"]
        assert text.extra.get("reward") == second["reward"], "stage 1 pays for the second answer"
        assert first["reward"] == text.extra["components"]["turn_1"]
    # What is frozen are the prompts with their answers, no stored first turn.
    (rows,) = rows_of_round(ended.id)["rows"].values()
    assert {row["prompt"][0]["content"]: row["answer"] for row in rows} == RIGHT
    assert all(len(row["prompt"]) == 1 for row in rows)
    assert ended.counts["rollouts"] == 8


def test_reflections_are_trained_after_failures_and_killed_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(prompt=(*ANSWERS[:2], "#### 0", "#### 1", "hm"))
    loop = Loop(short("reflect_retry_reward", 0, start="base"), engine, tiny)
    first, second = loop.launch(), loop.launch()
    loop.run(first)
    with dying(monkeypatch) as kills:
        ended = loop.run(second, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    assert kills[0] > 5
    result = rows_of_round(second)
    assert result["rows"] == rows_of_round(first)["rows"]
    (rows,) = result["rows"].values()
    wrong = {(row[6], row[7]) for row in result["texts"] if row[0] == 0 and row[9] == "reject"}
    assert len(rows) >= 2
    assert {row["prompt"][1]["content"] for row in rows} == {text for _, text in wrong}
    for row in rows:
        asked, answer, reflect = row["prompt"]
        assert answer["content"] != f"#### {RIGHT[asked['content']]}"
        assert "This answer is wrong" in reflect["content"]
    texts = rollouts_of(second)
    assert {reply.extra["turns"][0]["reward"] for reply in texts} == {None}
    assert all("\n\nuser: Now answer the question once more" in reply.text for reply in texts)


def test_s2r_learns_chains_and_then_writes_them_itself(tiny: Path) -> None:
    ways = ("Verdict: right", "Verdict: wrong")
    engine = scripted(Write_the_answer_once_more=ANSWERS, Check_your_answer=ways, prompt=ANSWERS)
    loop = Loop(short("s2r", 0, 2), engine, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    rows = rows_of_round(ended.id)["rows"]
    chains = rows[max(rows)]
    for row in chains:
        answer = RIGHT[row["prompt"][0]["content"]]
        messages = [message["content"] for message in row["prompt"]]
        if len(messages) == 3:
            is_right = messages[1].endswith(answer)
            assert last_content(row, "completion") == f"Verdict: {'right' if is_right else 'wrong'}"
        else:
            assert last_content(row, "completion").endswith(answer)
    assert {len(row["prompt"]) for row in chains} >= {1, 3}
    with reading() as db:
        loop.policy = db.scalars(select(tables.Checkpoint).where(tables.Checkpoint.id == ended.checkpoint_id)).one()
    ended = loop.run(loop.launch(parent_id=ended.id), trains=True)
    assert (ended.status, ended.error, ended.phase) == (RoundStatus.done, None, 1)
    for sample in rollouts_of(ended.id):
        assert len(sample.extra["turns"]) == 3
        assert sample.extra["turns"][2]["reward"] is None or sample.text.count("\n\nuser: ") == 2


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


def test_spark_learns_to_judge_what_it_writes(tiny: Path) -> None:
    loop = Loop(short("spark", 0, reward=DIGITS, max_length=2048), {"name": "transformers", "model": str(tiny)}, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    noted = json.loads((settings().folder / checkpoint.location / "train.json").read_text())["metrics"]
    assert noted["judging/rows"] == len(rollouts_of(ended.id)) == 8
    assert noted["judging/loss"] > 0
