"""Kim et al. 2021 (PS-KD), arXiv 2006.12000: what makes it that method."""

import pytest

from backend import recipes

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
