"""Prompt Curriculum Learning for Efficient LLM Post-Training: a short round."""

import json
from pathlib import Path

import pytest

from backend.values import RoundStatus
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_curricula import final_of, real, short
from tests.integration.test_rounds_rl import rollouts_of


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_pcl_trains_its_value_model_beside_the_policy(tiny: Path) -> None:
    loop = real(short("prompt_curriculum", candidates=2), tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    assert len({sample.prompt_id for sample in rollouts_of(ended.id)}) == 2
    config = json.loads((final_of(ended) / "prompt_value/config.json").read_text())
    assert config["architectures"] == ["LlamaForSequenceClassification"]
