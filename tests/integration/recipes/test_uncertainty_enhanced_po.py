"""Self-Evolutionary Large Language Models through Uncertainty-Enhanced Preference Optimization (UPO): a short round."""

import json
import math
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.trainers.reward_model import RewardModel
from tests.integration.loop import Loop
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import ONE_STEP, done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture
from tests.integration.trainers.training import train
from tests.rows import make_checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_uncertainty_enhanced_po_draws_pairs_that_a_scorer_with_dropout_is_sure_of(tiny: Path) -> None:
    writer = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": tuple(f"text {n}" for n in range(9))}]}
    recipe = short(
        "uncertainty_enhanced_po", generator={"n": 4}, judge={"passes": 3}, mixer={"share": 0.6, "most_flip": 0.4}
    )
    loop = Loop(recipe, writer, tiny)
    folder = train(RewardModel(**ONE_STEP, dropout=0.5), tiny, settings().folder / "scorer")
    assert json.loads((folder / "config.json").read_text())["attention_dropout"] == 0.5
    weights = {"name": "transformers", "model": str(folder), "head": "score"}
    scorer = make_checkpoint(loop.project, engine=weights)
    round_ = done(loop, loop.launch(roles={"scorer": scorer.id}))
    with reading() as db:
        judgment = tables.Judgment
        scores: dict[int, list[float | None]] = {}
        for entry in db.scalars(select(judgment).order_by(judgment.sample_id, judgment.position)):
            scores.setdefault(entry.sample_id, []).append(entry.score)
    assert {len(score) for score in scores.values()} == {3}
    assert any(len(set(score)) == 3 for score in scores.values()), "each pass drops something else"
    pairs, drawn = rows_of(round_.id)
    assert len(drawn) == math.ceil(0.6 * len(pairs)) < len(pairs)
    assert {last_content(row, "prompt") for row in drawn} < {last_content(row, "prompt") for row in pairs}
    assert all(0 <= row["flip"] <= 0.4 for row in drawn)
    assert any(row["flip"] > 0 for row in drawn)
