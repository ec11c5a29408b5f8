"""Direct Reasoning Optimization: LLMs Can Reward And Refine Their Own Reasoning for Open-Ended Tasks: a short round."""

from pathlib import Path

import pytest

from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rewarded import asked, components, done, real


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_direct_reasoning_optimization_filters_prompts_by_its_reward_and_trains_on_it(tiny: Path) -> None:
    judge = {"top_k": 1_000_000_000}
    loop = real("direct_reasoning_optimization", tiny, generator={"n": 3, "max_tokens": 6}, judge=judge)
    round_ = done(loop, loop.launch())
    entry = rows_of_round(round_.id)
    scores: dict[str, list[float]] = {}
    texts = [row["prompt"][0]["content"] for row in entry["rows"][3]]
    for row in entry["texts"]:
        if row[0] == 0 and row[8] is not None:
            scores.setdefault(texts[row[1]], []).append(row[8])
    gaps = sorted(scores, key=lambda text: max(scores[text]) - min(scores[text]))
    reached = {texts[row[1]] for row in entry["texts"] if row[0] == 0 and str(row[9]) == "accept"}
    assert asked(entry) == set(gaps[-4:]) & reached, "three quarters of five prompts, rounded up"
    assert all(set(parts) == {"reference_likelihood", "reference_length"} for parts in components(round_.id))
