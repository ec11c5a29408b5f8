"""Liu et al. 2023 (RSO), arXiv 2309.06657: pairs of the policy's own texts, drawn by a fixed scorer's rewards."""

from backend import recipes

RECIPE = recipes.get("rso")


def test_pairs_are_drawn_from_the_policys_own_texts_by_a_fixed_scorer():
    assert RECIPE.lines() == [
        "1. prompt source: prompt_set, works on: the round's prompt sets",
        "2. generator: sample, works on: prompt_set (step 1), by: policy",
        "3. judge: reward_model, works on: sample (step 2), by: scorer",
        "4. selector: drawn_pairs, works on: sample (step 2)",
        "5. trainer: dpo, works on: the rows of step 4, starts from: policy, makes: policy",
    ]


def test_eight_of_sixty_four_texts_make_four_pairs():
    generator, selector = RECIPE.generator, RECIPE.selector
    assert (generator.n, generator.temperature, generator.top_k) == (64, 0.7, 40)
    assert (selector.draw, selector.temperature, selector.ranking) == (8, 0.5, "first_round")


def test_the_scorers_numbers_are_drawn_by_as_they_are():
    """Algorithm 1 takes differences of rewards over beta: a number per prompt's deviation would be another method."""
    assert RECIPE.judge.normalize == "none"


def test_loss_is_that_of_dpo_with_the_papers_gamma():
    assert (RECIPE.trainer.loss_type, RECIPE.trainer.beta) == (("sigmoid",), 0.05)
