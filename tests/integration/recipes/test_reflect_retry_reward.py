"""Reflect, Retry, Reward: a short round."""

from pathlib import Path

import pytest

from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turn_rl import rollouts_of, short
from tests.integration.recipes.rounds_of_turns import ANSWERS, scripted


@pytest.mark.slow
@pytest.mark.on_sqlite
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
