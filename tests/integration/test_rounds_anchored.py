"""Prompts without a known answer where nothing else answers, and what rounds share that pair texts of different origin."""

from pathlib import Path
from typing import Any

import pytest

from backend.config import settings
from backend.generators.own_answers import OwnAnswers
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from backend.values import Stage
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.rows import make_prompt_set
from tests.tiny import make_tiny_model

SMALL = TRAINING | {"max_steps": 1}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def weights(folder: Path) -> dict[str, Any]:
    return {"name": "transformers", "model": str(folder)}


def text_of(row: dict[str, Any], side: str) -> str:
    return str(row[side][0]["content"])


def of_answers() -> Recipe:
    steps = (PromptSet(), OwnAnswers(), ExactMatch(), AboveThreshold(), SFT(**SMALL))
    return Recipe(name="answers", title="Answers", steps=steps, groups_per_batch=2)


def test_prompts_without_a_known_answer_are_left_out_where_nothing_else_answers(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(of_answers(), weights(tiny), tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["a", "b", "c"], answers=["4", None, "6"])
    round_id = loop.launch()
    with dying(monkeypatch) as kills:
        assert loop.run(round_id).stage is Stage.train
    assert kills[0] > 2
    result = rows_of_round(round_id)
    assert [(row[1], row[5], row[7], row[8]) for row in result["texts"]] == [(0, "data", "4", 1), (1, "data", "6", 1)]
