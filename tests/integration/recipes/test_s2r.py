"""Self-verify and Self-correct via Reinforcement Learning (S2R): a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turn_rl import rollouts_of, short
from tests.integration.recipes.rounds_of_turns import ANSWERS, last_content, scripted


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_s2r_learns_chains_and_then_writes_them_itself(tiny: Path) -> None:
    ways = ("Verdict: right", "Verdict: wrong")
    engine = scripted(Write_the_answer_once_more=ANSWERS, Check_your_answer=ways, prompt=ANSWERS)
    loop = Loop(short("s2r", 0, 2), engine, tiny)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    rows = rows_of_round(ended.id)["rows"]
    chains = rows[max(rows)]
    for row in chains:
        answer = RIGHT[row["prompt"][0]["content"]]
        messages = [message["content"] for message in row["prompt"]]
        if len(messages) == 3:
            is_right = messages[1].endswith(answer)
            assert last_content(row, "completion") == f"Verdict: {'right' if is_right else 'wrong'}"
        else:
            assert last_content(row, "completion").endswith(answer)
    assert {len(row["prompt"]) for row in chains} >= {1, 3}
    with reading() as db:
        loop.policy = db.scalars(select(tables.Checkpoint).where(tables.Checkpoint.id == ended.checkpoint_id)).one()
    ended = loop.run(loop.launch(parent_id=ended.id), trains=True)
    assert (ended.status, ended.error, ended.phase) == (RoundStatus.done, None, 1)
    for sample in rollouts_of(ended.id):
        assert len(sample.extra["turns"]) == 3
        assert sample.extra["turns"][2]["reward"] is None or sample.text.count("\n\nuser: ") == 2
