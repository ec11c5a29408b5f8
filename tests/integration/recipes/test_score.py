"""Self-Correction via Reinforcement Learning (SCoRe): a short round."""

from pathlib import Path

import pytest

from backend import recipes
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turn_rl import rollouts_of, short


@pytest.mark.slow
@pytest.mark.on_sqlite
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
