"""Self-Specialization: Uncovering Latent Expertise within Large Language Models: a short round."""

from pathlib import Path

import pytest

from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import PROPOSED, TEXTS, WRITER, Documents, asked_of, last_rows, short
from tests.rows import make_prompt_set


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_specialization_answers_with_passages_of_unlabelled_texts(tiny: Path) -> None:
    loop = Documents(short("self_specialization", {"start": "base", "lora": False}), tiny, WRITER)
    seeds = ["how does a seed begin", "which seed is the second"]
    loop.prompts = make_prompt_set(loop.project, prompts=[*seeds, *TEXTS], answers=["a", "b", *[None] * 3])
    ended = loop.ran(num_prompts=6)
    result = rows_of_round(ended.id)
    shown = [row[2][0]["content"] for row in asked_of(result, 0)]
    assert len(shown) == 6
    assert all(seeds[0] in text and not any(line in text for line in TEXTS) for text in shown)
    answers = [row[2][0]["content"] for row in asked_of(result, 4)]
    assert any(text in asked for asked in answers for text in TEXTS)
    rows = last_rows(ended)
    assert {row["prompt"][0]["content"] for row in rows} <= set(PROPOSED)
    assert not any("what is known" in row["prompt"][0]["content"] for row in rows)
