"""Rounds whose trainer chooses prompts or gets help with them, and one of problems made easier, from start to end."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rl import TRAINING, rollouts_of
from tests.rows import make_checkpoint, make_prompt_set

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
FIRST = {"name": "exact_match", "pattern": "(?s)^(.)"}
"""An untrained model answers in no form: what it writes is read as an answer by its first character."""
DIGITS = {"name": "surface_rules", "must_match": "[0-9]"}
WRITER = {
    "name": "scripted",
    "rules": [
        {"pattern": r"Task: Integrate x\*\*3", "reply": ("Integrate x**2", "Integrate 2*x", "What is easier?")},
        {"pattern": r"Task: Integrate x\*\*2", "reply": ("Integrate x", "Integrate 5*x")},
        {"pattern": r"Task: Integrate 2\*x", "reply": ("Integrate 2", "Integrate x + 1")},
        {"pattern": r"Task: Integrate ", "reply": ("Integrate 0*x", "Integrate 1", "Integrate 7")},
    ],
}


def short(name: str, **trainer: Any) -> Recipe:
    changes = {"trainer": TRAINING | {"reward": FIRST} | trainer, "metrics": []}
    return recipes.get(name).with_changes(changes)


def real(recipe: Recipe, folder: Path) -> Loop:
    return Loop(recipe, {"name": "transformers", "model": str(folder)}, folder)


def final_of(round_: tables.Round) -> Path:
    with reading() as db:
        return settings().folder / db.get_one(tables.Checkpoint, round_.checkpoint_id).location


def test_sec_draws_categories_and_its_values_go_on_in_the_next_round(tiny: Path) -> None:
    loop = real(short("self_evolving_curriculum", reward=DIGITS), tiny)
    with session() as db:
        for position in range(5):
            row = tables.Prompt
            mine = (row.prompt_set_id == loop.prompts.id, row.position == position)
            db.execute(update(row).where(*mine).values(extra={"difficulty": 1 + position % 2}))
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    values = by_hand(ended, {"1": 0.0, "2": 0.0})
    assert any(values.values())
    assert json.loads((final_of(ended) / "category_values.json").read_text()) == pytest.approx(values)
    with reading() as db:
        loop.policy = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    later = loop.run(loop.launch(parent_id=ended.id), trains=True)
    assert (later.status, later.error) == (RoundStatus.done, None)
    assert json.loads((final_of(later) / "category_values.json").read_text()) == pytest.approx(by_hand(later, values))


def by_hand(round_: tables.Round, values: dict[str, float]) -> dict[str, float]:
    """Q + 0.5 (mean |A| - Q) over the round's one generation."""
    gains: dict[str, list[float]] = {}
    with reading() as db:
        for sample in rollouts_of(round_.id):
            level = db.get_one(tables.Prompt, sample.prompt_id).extra["difficulty"]
            gains.setdefault(str(level), []).append(abs(sample.extra["advantage"]))
    moved = {name: values[name] + 0.5 * (sum(some) / len(some) - values[name]) for name, some in gains.items()}
    return values | moved


def test_pcl_trains_its_value_model_beside_the_policy(tiny: Path) -> None:
    loop = real(short("prompt_curriculum", candidates=2), tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    assert len({sample.prompt_id for sample in rollouts_of(ended.id)}) == 2
    config = json.loads((final_of(ended) / "prompt_value/config.json").read_text())
    assert config["architectures"] == ["LlamaForSequenceClassification"]


def test_ghpo_marks_the_texts_that_had_a_hint_and_freezes_prompts_without_one(tiny: Path) -> None:
    recipe = short("guided_hybrid_po", hint_key="", max_length=4096, reward=FIRST | {"numbers": False})
    loop = real(recipe, tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["a", "b"], answers=["no text says it"] * 2)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    known = [text for text in texts if text.extra.get("reward") is not None]
    assert {text.extra["reward"] for text in known} == {0.0}
    assert {text.extra["guided"] for text in known} == {0.75}
    (rows,) = rows_of_round(ended.id)["rows"].values()
    assert {row["prompt"][0]["content"] for row in rows} == {"a", "b"}


def test_think_tuning_adds_the_remarks_of_the_role_that_is_bound(tiny: Path) -> None:
    recipe = short(
        "think_tuning",
        remarks_by="teacher",
        remark_share=1.0,
        last_share=1.0,
        max_completion_length=80,
        num_generations=4,
    )
    loop = real(recipe, tiny)
    teacher = make_checkpoint(loop.project, engine={"name": "scripted", "replies": ("Wait.",)})
    ended = loop.run(loop.launch(roles={"teacher": teacher.id}), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    guided = [text for text in texts if "guided" in text.extra]
    assert 0 < len(guided) < len(texts), "those that did not end by themselves stay as they are"
    assert all(text.text.endswith("\n\nWait.") for text in guided)


def test_ladder_climbs_from_easier_variants_and_killed_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"n": 2, "conditions": {}, "extra_n": 0, "temperature": 1.0}
    changes = {"variants_1": few | {"n": 4}, "variants_2": few, "variants_3": few, "metrics": []}
    loop = Loop(recipes.get("ladder").with_changes(changes | {"trainer": TRAINING | {"start": "base"}}), WRITER, tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["Integrate x**3"])
    first, second = loop.launch(), loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second, trains=True).error is None
    assert kills[0] > 9
    result = rows_of_round(first)
    assert rows_of_round(second) == result
    with reading() as db:
        row = tables.Prompt
        own = db.scalars(
            select(row).join(tables.PromptSet).where(tables.PromptSet.round_id == first).order_by(row.id)
        ).all()
        # Each variant leads back to the prompt that it is easier than.
        above = {
            prompt_set.text: db.get_one(row, db.get_one(tables.Sample, prompt_set.sample_id).prompt_id).text
            for prompt_set in own
        }
    depth = {"Integrate x**3": 0}
    for text, parent in above.items():
        depth[text] = depth[parent] + 1
    assert set(depth.values()) == {0, 1, 2, 3}
    assert "What is easier?" not in depth
    rows = result["rows"][max(result["rows"])]
    asked = [row["prompt"][0]["content"].split("\n")[0] for row in rows]
    assert sorted(asked) == sorted(above), "all variants, and not the problem itself"
    assert [depth[text] for text in asked] == sorted((depth[text] for text in asked), reverse=True)
    for sample in rollouts_of(first):
        if sample.kind == "rollout":
            assert set(sample.extra["components"]) == {"antiderivative", "surface_rules"}
            assert sample.extra["reward"] == 0.0
