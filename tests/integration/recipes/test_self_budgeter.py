"""SelfBudgeter: Adaptive Token Allocation for Efficient LLM Reasoning: a short round."""

from pathlib import Path

import pytest

from backend.db import reading, tables
from tests.integration.loop import Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rewarded import SOLVER, components, done, short


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_self_budgeter_learns_to_state_budgets_then_to_keep_to_them(tiny: Path) -> None:
    loop = Loop(short("self_budgeter"), SOLVER, tiny)
    first = done(loop, loop.launch())
    rows = [
        (row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows_of_round(first.id)["rows"][3]
    ]
    assert ("prompt a", "<budget>2</budget>\n#### 4") in rows, "the shortest right text, of two words"
    with reading() as db:
        loop.policy = db.get_one(tables.Checkpoint, first.checkpoint_id)
    second = done(loop, loop.launch(parent_id=first.id))
    assert second.phase == 1
    assert all(set(parts) == {"exact_match", "stated_budget"} for parts in components(second.id))
