"""Wang et al. 2025 (EAST), arXiv 2503.23913: what makes it that method."""

import pytest

from backend import recipes
from tests.groups import prompt
from tests.unit.recipes.loop import Lines, run

RECIPE = recipes.get("east")


def loop(answers, *, seed=1, power=1.0):
    lines = tuple(f"way {n}\n#### {answer}" for n, answer in enumerate(answers))
    recipe = RECIPE.with_changes({"selector": {"entropy_power": power}})
    return run(recipe, Lines(lines=lines), prompt(answer="4"), seed=seed)


def test_a_right_sample_above_one_with_the_most_common_wrong_answer():
    # 8 right, then 5 times 7, twice 6, once 5.
    pairs = {loop("4" * 8 + "77777" + "66" + "5", seed=seed).pair for seed in range(40)}
    assert {chosen[-1] for chosen, _ in pairs} == {"4"}
    assert {rejected[-1] for _, rejected in pairs} == {"7"}
    assert len(pairs) > 10


def test_a_prompt_weighs_the_entropy_of_its_answers():
    # Shares 1/2, 1/4, 1/4: H = 1.5 bits. Shares 1/2, 1/2: 1 bit. 15/16, 1/16: 0.3373 bits.
    assert loop("4" * 8 + "5555" + "6666").selection.examples[0].weight == 1.5
    assert loop("4" * 8 + "5" * 8).selection.examples[0].weight == 1.0
    assert loop("4" * 15 + "5").selection.examples[0].weight == pytest.approx(0.3373, abs=1e-4)
    assert loop("4" * 8 + "5555" + "6666", power=2).selection.examples[0].weight == 2.25


def test_a_prompt_on_which_all_samples_agree_is_left_out():
    assert loop("4" * 16).selection.dropped == {"no wrong sample": 1}


def test_weights_are_divided_by_their_mean_over_the_training_set():
    trainer = RECIPE.trainer
    assert (trainer.name, trainer.loss_type) == ("dpo", ("sigmoid",))
    assert (trainer.weigh_examples, trainer.normalise_weights) == (True, True)


def test_one_pair_of_a_prompt():
    assert RECIPE.selector.pairs_per_prompt == 1
    assert len(loop("4" * 8 + "5" * 8).selection.examples) == 1
