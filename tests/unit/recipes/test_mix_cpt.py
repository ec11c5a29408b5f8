"""Jiang et al. 2024 (Mix-CPT), arXiv 2407.10804: what makes it that method."""

from backend import recipes

RECIPE = recipes.get("mix_cpt")
MIXED, ALIGNED = RECIPE.phases


def test_domain_texts_and_instructions_are_mixed_in_one_pre_training():
    assert [str(step.part.name) for step in MIXED.steps] == [
        "prompt_set",
        "plain_texts",
        "seed_share",
        "soft_target_sft",
    ]
    assert MIXED.steps[2].part.reads_seeds
    assert not MIXED.steps[3].part.answers_only, "instructions are texts like the others"


def test_the_model_before_training_with_swapped_logits_is_the_teacher():
    trainer = MIXED.steps[3].part
    assert (trainer.start, trainer.reference, trainer.alpha, trainer.swap_logits) == ("policy", "policy", 1.0, True)


def test_the_format_is_aligned_afterwards_on_known_answers():
    assert [step.part.name for step in ALIGNED.steps if step.kind in ("generator", "trainer")] == ["own_answers", "sft"]
    assert RECIPE.phase_of(0) == 0
    assert RECIPE.phase_of(1) == 1
