"""GHPO: Adaptive Guidance for Stable and Efficient LLM Reinforcement Learning: a short round."""

from pathlib import Path

import pytest

from backend.values import RoundStatus
from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_curricula import FIRST, real, short
from tests.integration.test_rounds_rl import rollouts_of
from tests.rows import make_prompt_set


@pytest.mark.slow
@pytest.mark.on_sqlite
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
