"""Enhanced Fine-Tuning of Lightweight Domain-Specific Q&A Model Based on Large Language Models: a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.values import SetUse
from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import WRITER, Documents, asked_of, checkpoint, last_rows, short


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_evolution_brings_the_most_valuable_rows_of_earlier_rounds_back(tiny: Path) -> None:
    loop = Documents(short("domain_self_evolution", {"start": "base"}, mixer={"most": 1}), tiny, WRITER)
    first = loop.ran()
    rows = last_rows(first)
    assert all(row["weight"] > 0 for row in rows), "each row carries its value"
    assert (settings().folder / checkpoint(first.checkpoint_id).location / "adapter_config.json").is_file()
    second = loop.run(loop.launch(parent_id=first.id, seed=8))
    assert second.error is None
    new = second.counts["kept"]
    assert new == len(asked_of(rows_of_round(second.id), 4)), "all that is new is learned"
    (back,) = last_rows(second)[new:]
    assert back["weight"] == max(row["weight"] for row in rows)
    with reading() as db:
        uses = db.execute(select(tables.RoundPromptSet.use).where(tables.RoundPromptSet.round_id == second.id)).all()
    assert uses == [(SetUse.sample,)]
