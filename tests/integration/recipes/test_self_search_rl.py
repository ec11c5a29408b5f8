"""SSRL: Self-Search Reinforcement Learning: a short round."""

from pathlib import Path

import pytest

from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rewarded import asked, done, real
from tests.integration.test_rounds_rl import rollouts_of


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_self_search_rl_asks_for_fields_and_rewards_form_and_answer(tiny: Path) -> None:
    loop = real("self_search_rl", tiny)
    round_ = done(loop, loop.launch())
    texts = rollouts_of(round_.id)
    assert len(texts) == 8
    for text in texts:
        parts = text.extra["components"]
        assert set(parts) == {"exact_match", "surface_rules"}
        if text.extra.get("reward") is not None:
            assert text.extra["reward"] == pytest.approx(0.8 * parts["exact_match"] + 0.2 * parts["surface_rules"])
    assert all("<information>" in question for question in asked(rows_of_round(round_.id)))
