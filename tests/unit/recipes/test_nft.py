"""Chen et al. 2025 (NFT), arXiv 2505.18116: what makes it that method."""

from backend import recipes
from tests.groups import prompt
from tests.unit.recipes.loop import Lines, run

RECIPE = recipes.get("nft")


def loop(answers):
    return run(
        RECIPE, Lines(lines=tuple(f"way {n}\n#### {answer}" for n, answer in enumerate(answers))), prompt(answer="4")
    )


def test_wrong_samples_are_trained_on_with_the_rate_of_their_prompt():
    examples = loop("4" * 4 + "5" * 12).selection.examples
    assert [example.label for example in examples] == [True] * 4 + [False] * 12
    assert {example.extra["rate"] for example in examples} == {0.25}


def test_prompts_that_are_always_or_never_answered_right_are_left_out():
    assert loop("4" * 16).selection.dropped == {"no wrong sample": 16}
    assert loop("5" * 16).selection.dropped == {"no right sample": 16}


def test_the_loss():
    trainer = RECIPE.trainer
    assert trainer.name == "negative_aware_sft"
    assert (trainer.epsilon, trainer.rate_margin, trainer.prompt_weight) == (1.0, 0.02, "one_minus_rate")
    assert trainer.negative_weight == 1.0


def test_the_samples_are_those_of_the_policy_that_is_trained():
    generator, trainer = RECIPE.generator, RECIPE.trainer
    assert (generator.temperature, generator.top_p, generator.top_k, trainer.start) == (1.0, 1.0, 0, "policy")
    assert not generator.take_imported
