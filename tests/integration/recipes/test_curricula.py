"""What makes these recipes their papers' methods: which prompts are trained on, and who helps with which."""

import pytest

from backend import recipes
from backend.recipes import Recipe
from tests.groups import texts

ONLINE = ("self_evolving_curriculum", "prompt_curriculum", "guided_hybrid_po", "think_tuning")


def parts_of(name: str) -> list[str]:
    return [str(step.part.name) for step in recipes.get(name).phases[0].steps]


@pytest.mark.parametrize("name", ONLINE)
def test_prompts_go_to_the_trainer_as_they_are(name: str) -> None:
    recipe = recipes.get(name)
    assert parts_of(name)[:2] == ["prompt_set", "all_prompts"]
    assert len(parts_of(name)) == 3
    assert recipe.trainer.reward.name == "exact_match"
    assert recipe.gate() is None
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_sec_draws_categories_by_what_they_teach() -> None:
    """arXiv 2505.14970: Q <- Q + 0.5 (mean |A| - Q), softmax at temperature 1 for Countdown (released code)."""
    trainer = recipes.get("self_evolving_curriculum").trainer
    assert trainer.name == "grpo_category_bandit"
    assert (trainer.value_rate, trainer.value_temperature, trainer.category_key) == (0.5, 1.0, "difficulty")
    assert trainer.scale_rewards == "group", "the gain is the advantage that GRPO learns by"


def test_pcl_chooses_by_a_prediction_near_one_half_without_samples() -> None:
    """arXiv 2510.01135."""
    trainer = recipes.get("prompt_curriculum").trainer
    assert (trainer.name, trainer.target) == ("grpo_prompt_value", 0.5)
    assert trainer.candidates > 1
    assert recipes.get("prompt_curriculum").of_kind("generator") == []


def test_ghpo_guides_unsolved_prompts_by_a_growing_part_of_the_solution() -> None:
    """arXiv 2507.10628, released code: 25, 50 and 75 % of the characters, which stay in the prompt that is trained."""
    trainer = recipes.get("guided_hybrid_po").trainer
    assert (trainer.name, trainer.hint_shares, trainer.strip_hints) == ("guided_grpo", (0.25, 0.5, 0.75), False)


def test_think_tuning_has_a_teacher_of_the_same_size_for_a_tenth_of_the_texts() -> None:
    """arXiv 2508.07616, released code: 5 texts a prompt, a share of 0.1 that falls, the weights as they were."""
    trainer = recipes.get("think_tuning").trainer
    assert (trainer.name, trainer.remarks_by, trainer.num_generations) == ("teacher_remark_grpo", "reference", 5)
    assert (trainer.remark_share, trainer.last_share) == (0.1, 0.01)
    assert trainer.asked_roles == ("reference",)
    assert "guided by: reference" in recipes.get("think_tuning").lines()[2]
    assert "judged by" not in recipes.get("think_tuning").lines()[2]


def test_ladder_makes_easier_variants_three_levels_deep_and_trains_on_all_of_them() -> None:
    """arXiv 2503.00735: a tree of variants, at most three levels, about 500 a problem; the problems are not trained on."""
    recipe = recipes.get("ladder")
    sources = [part for part in recipe.of_kind("prompt_source") if part.name == "evolve_prompts"]
    assert [(source.direction, source.about) for source in sources] == [
        ("easier", "pool"),
        ("easier", "each"),
        ("easier", "each"),
    ]
    number = 1
    counts = []
    for generator in recipe.of_kind("generator"):
        number *= generator.samples_per_prompt
        counts.append(number)
    assert counts == [10, 70, 420]
    places = recipe.places()
    trained = [places[place.source].step.name for place in places if place.step.kind == "selector"]
    assert trained == ["level_3", "level_2", "level_1"]
    assert recipe.trainer.beta == 0.001


def test_ladder_pays_for_a_checked_integral_in_its_tags() -> None:
    recipe = recipes.get("ladder")
    assert not any(judge.needs_answer for judge in recipe.judges), "nobody knows the answers to variants"
    group = texts("so <answer>x**2</answer>", "<answer>x**2 + 3</answer> it is", "<answer>x</answer>", "x**2")
    asked = group.prompt.messages[0] | {"content": "Integrate 2*x"}
    group = type(group)(type(group.prompt)(1, [asked]), group.samples)
    reward = recipe.trainer.reward
    judgments = reward.judge(None, [group], seed=3)
    scores = [
        reward.label([judgment for judgment in judgments if judgment.sample_id == sample.id])[0]
        for sample in group.samples
    ]
    assert scores == pytest.approx([1.1, 1.0, 0.1, 0.0])
