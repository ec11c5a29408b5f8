"""C2-Evo: Co-Evolving Multimodal Data and Model for Self-Improving Reasoning: a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.values import Verdict
from tests.integration.loop import Loop, rows_of_round
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture

PROBLEMS = (
    "how many legs have three spiders",
    "what is two and two and two",
    "name the day before the day after next monday",
    "who sits left of the one on your right",
    "when does a clock strike most often",
)

AUTHOR = {
    "name": "scripted",
    "rules": [
        {"pattern": "Write a harder task", "reply": PROBLEMS},
        {"pattern": ".", "reply": (*["so\n#### 8"] * 3, "well\n#### 6", "hm\n#### 5")},
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_co_evolving_data_trains_twice_on_problems_that_the_model_half_knows(tiny: Path) -> None:
    recipe = short("co_evolving_data", answers={"n": 8})
    loop = Loop(recipe, AUTHOR, tiny)
    round_ = done(loop, loop.launch())
    texts = rows_of_round(round_.id)["texts"]
    problems = {row[7] for row in texts if row[0] == 0}
    kept, band, prompts, banded = rows_of(round_.id)
    # Problems of the model's own, each with an answer of its majority; only those on which it is neither sure nor lost.
    assert {last_content(row, "prompt") for row in kept} <= problems
    rates = {
        text: [row[9] is Verdict.accept for row in texts if row[0] == 3 and row[2][0]["content"] == text]
        for text in problems
    }
    able = {text for text, some in rates.items() if some and 0.3 <= sum(some) / len(some) <= 0.8}
    assert (
        {last_content(row, "prompt") for row in band} == {last_content(row, "prompt") for row in banded} == able > set()
    )
    assert len(prompts) == len({text for text, some in rates.items() if some})
    with reading() as db:
        role = db.scalars(select(tables.RoundRole).where(tables.RoundRole.role == "taught")).one()
        assert db.get_one(tables.Checkpoint, round_.checkpoint_id).parent_id == role.checkpoint_id
