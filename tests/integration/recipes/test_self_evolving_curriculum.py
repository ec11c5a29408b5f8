"""Self-Evolving Curriculum for LLM Reasoning: a short round."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.db import reading, session, tables
from backend.values import RoundStatus
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_curricula import final_of, real, short
from tests.integration.test_rounds_rl import rollouts_of

DIGITS = {"name": "surface_rules", "must_match": "[0-9]"}


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_sec_draws_categories_and_its_values_go_on_in_the_next_round(tiny: Path) -> None:
    loop = real(short("self_evolving_curriculum", reward=DIGITS), tiny)
    with session() as db:
        for position in range(5):
            row = tables.Prompt
            mine = (row.prompt_set_id == loop.prompts.id, row.position == position)
            db.execute(update(row).where(*mine).values(extra={"difficulty": 1 + position % 2}))
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    values = by_hand(ended, {"1": 0.0, "2": 0.0})
    assert any(values.values())
    assert json.loads((final_of(ended) / "category_values.json").read_text()) == pytest.approx(values)
    with reading() as db:
        loop.policy = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    later = loop.run(loop.launch(parent_id=ended.id), trains=True)
    assert (later.status, later.error) == (RoundStatus.done, None)
    assert json.loads((final_of(later) / "category_values.json").read_text()) == pytest.approx(by_hand(later, values))


def by_hand(round_: tables.Round, values: dict[str, float]) -> dict[str, float]:
    """Q + 0.5 (mean |A| - Q) over the round's one generation."""
    gains: dict[str, list[float]] = {}
    with reading() as db:
        for sample in rollouts_of(round_.id):
            level = db.get_one(tables.Prompt, sample.prompt_id).extra["difficulty"]
            gains.setdefault(str(level), []).append(abs(sample.extra["advantage"]))
    moved = {name: values[name] + 0.5 * (sum(some) / len(some) - values[name]) for name, some in gains.items()}
    return values | moved
