"""Kim et al. 2021 (PS-KD), arXiv 2006.12000: what makes it that method."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_losses import ONE_DATABASE, ONE_STEP, short, trained, weights

RECIPE = recipes.get("progressive_target_refinement")


def test_the_teacher_is_the_models_own_past():
    trainer = RECIPE.trainer
    assert (trainer.name, trainer.start, trainer.reference) == ("soft_target_sft", "policy", "policy")
    assert (trainer.adapt, trainer.temperature) == ("none", 1.0)


def test_its_share_of_the_targets_grows_from_round_to_round():
    shares = []
    for rounds in range(7):
        changed = RECIPE.with_changes(RECIPE.schedule.changes([{}] * rounds))
        shares.append(changed.trainer.alpha)
    assert shares == pytest.approx([0.16, 0.32, 0.48, 0.64, 0.8, 0.8, 0.8])
    assert RECIPE.trainer.alpha == shares[0]


def test_nobody_samples_or_judges():
    assert RECIPE.of_kind("judge") == []
    assert [generator.name for generator in RECIPE.of_kind("generator")] == ["own_answers"]


@pytest.mark.slow
@ONE_DATABASE
def test_progressive_target_refinement_learns_from_its_own_past(tiny: Path) -> None:
    loop = Loop(short("progressive_target_refinement", trainer=ONE_STEP), weights(tiny), tiny)
    ended, rows, record = trained(loop)
    assert {row["prompt"][0]["content"]: row["completion"][0]["content"] for row in rows} == RIGHT
    assert record["spec"]["reference"] == record["spec"]["policy"]
    with reading() as db:
        assert db.get_one(tables.Checkpoint, ended.checkpoint_id).parent_id == loop.policy.id
        assert db.scalars(select(tables.Judgment)).first() is None
