"""LADDER: Self-Improving LLMs Through Recursive Problem Decomposition: a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import RoundStatus
from tests.integration.loop import Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rl import TRAINING, rollouts_of
from tests.rows import make_prompt_set

WRITER = {
    "name": "scripted",
    "rules": [
        {"pattern": r"Task: Integrate x\*\*3", "reply": ("Integrate x**2", "Integrate 2*x", "What is easier?")},
        {"pattern": r"Task: Integrate x\*\*2", "reply": ("Integrate x", "Integrate 5*x")},
        {"pattern": r"Task: Integrate 2\*x", "reply": ("Integrate 2", "Integrate x + 1")},
        {"pattern": r"Task: Integrate ", "reply": ("Integrate 0*x", "Integrate 1", "Integrate 7")},
    ],
}


@pytest.mark.slow
@pytest.mark.on_sqlite
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
