"""What is said of a plan's optimizer steps before its launch."""

import re
from typing import Any

import pytest

from backend import demo, recipes
from backend.recipes import Recipe
from backend.services.plans import training_steps
from backend.trainers._knobs import TRLKnobs


def with_knobs(recipe: Recipe, **knobs: Any) -> Recipe:
    """The recipe with these knobs in each trainer that has them; one that goes on with its optimizer begins anew."""

    def changed(data: Any) -> Any:
        if isinstance(data, list):
            return [changed(entry) for entry in data]
        if not isinstance(data, dict):
            return data
        inner = {name: changed(value) for name, value in data.items()}
        if "warmup_steps" not in inner:
            return inner
        own = {"continue_optimizer": False} if "continue_optimizer" in inner else {}
        return inner | knobs | own

    return Recipe.model_validate(changed(recipe.model_dump(mode="json")))


def demo_recipe(**trainer: Any) -> Recipe:
    recipe = recipes.get("rejection_sampling").with_changes(demo.RECIPE_CHANGES)
    return recipe.with_changes({"trainer": trainer})


@pytest.mark.parametrize("name", recipes.names())
def test_every_trainer_with_a_warm_up_that_does_not_end_is_named(name: str) -> None:
    recipe = with_knobs(recipes.get(name), max_steps=8, warmup_steps=20, lr_scheduler_type="linear")
    trainers = {trainer.name for trainer in recipe.of_kind("trainer") if isinstance(trainer, TRLKnobs)}
    sentences = training_steps.warnings(recipe, prompts=10_000, samples=100_000)
    assert len(sentences) == len(trainers)
    for trainer in trainers:
        assert any(
            sentence.startswith(
                f"The trainer {trainer} takes 8 optimizer steps, and its warm-up takes 20 (warmup_steps 20): the "
                "learning rate rises to 35% of learning_rate"
            )
            for sentence in sentences
        )
    ended = with_knobs(recipe, max_steps=8, warmup_steps=7)
    assert training_steps.warnings(ended, prompts=10_000, samples=100_000) == []


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"max_steps": 20, "warmup_steps": 20}, "rises to 95% of"),
        ({"max_steps": 250, "warmup_steps": 250}, "rises to 99% of"),
        ({"max_steps": 2, "warmup_steps": 500}, "rises to 1% of"),
        (
            {"max_steps": 8, "warmup_steps": 0.9},
            "its warm-up takes 8 (warmup_steps 0.9): the learning rate rises to 88%",
        ),
        ({"max_steps": 1, "warmup_steps": 0.1}, "stays 0, and nothing is learned. Set warmup_steps below"),
        # 40 rows of at most 8 a step: 5 steps.
        ({"max_steps": -1, "warmup_steps": 5, "per_device_train_batch_size": 8}, "takes at most 5 optimizer steps"),
    ],
)
def test_a_share_and_epochs_are_counted_as_steps(knobs: dict[str, Any], words: str) -> None:
    recipe = demo_recipe(**knobs).with_changes({"mix_share": 0.0, "earlier_rounds": False})
    (sentence,) = [text for text in training_steps.warnings(recipe, prompts=40, samples=40) if "warm-up" in text]
    assert words in sentence


@pytest.mark.parametrize(
    "knobs",
    [
        {"max_steps": 20, "warmup_steps": 19},
        {"max_steps": 8, "warmup_steps": 20, "lr_scheduler_type": "constant"},
        {"max_steps": -1, "warmup_steps": 4, "per_device_train_batch_size": 8},
        {"max_steps": -1, "warmup_steps": 0.1, "per_device_train_batch_size": 8},
    ],
)
def test_a_warm_up_that_ends_or_is_none_causes_no_warning(knobs: dict[str, Any]) -> None:
    recipe = demo_recipe(**knobs).with_changes({"mix_share": 0.0, "earlier_rounds": False})
    assert not any("warm-up" in text for text in training_steps.warnings(recipe, prompts=40, samples=40))


def test_epochs_over_rows_that_others_join_are_not_guessed() -> None:
    recipe = demo_recipe(max_steps=-1, warmup_steps=5, per_device_train_batch_size=8)
    assert training_steps.warnings(recipe, prompts=40, samples=40) == []


def rows_sentences(recipe: Recipe, prompts: int, each: int) -> list[str]:
    sentences = training_steps.warnings(recipe, prompts=prompts, samples=prompts * each)
    return [sentence for sentence in sentences if "have room for" in sentence]


def test_many_passes_name_the_prompts_that_the_steps_need() -> None:
    """250 steps of 64 rows are 16,000: 6 times 2,667, half of them seed rows, of 1,334 prompts that keep one each."""
    (sentence,) = rows_sentences(demo_recipe(), 40, 8)
    assert "room for 16,000 rows, 200 times the 80 that" in sentence
    assert "Even if everything were kept, it would need 1,334 prompts for at most 6 times; as fewer" in sentence
    assert "take clearly more prompts, or let the selector keep more of each. A lower max_steps" in sentence
    assert rows_sentences(demo_recipe(), 1_334, 8) == []
    assert rows_sentences(demo_recipe(), 1_333, 8) != []
    assert rows_sentences(demo_recipe(), demo.NUM_PROMPTS, 8) == []


def test_without_a_bound_of_the_selector_each_sample_may_be_a_row() -> None:
    """16,000 rows are 3 times the 5,334, half of them seed rows, of 334 prompts with 8 samples."""
    recipe = demo_recipe().with_changes({"selector": {"max_per_prompt": 0}})
    (sentence,) = rows_sentences(recipe, 40, 8)
    assert "25 times the 640 that" in sentence
    assert "Even if everything were kept, it would need 334 prompts for at most 3 times; as fewer" in sentence
    assert "take clearly more prompts, or more samples of each. A lower max_steps" in sentence
    assert rows_sentences(recipe, 334, 8) == []
    assert rows_sentences(recipe, 333, 8) != []


def test_few_steps_over_few_rows_are_named() -> None:
    """8 steps of 64 rows over the 40 rows that 40 prompts can give, and as many seed rows."""
    (sentence,) = rows_sentences(demo_recipe(max_steps=8, warmup_steps=2), 40, 4)
    assert "512 rows, 6.4 times the 80 that" in sentence


@pytest.mark.parametrize("name", recipes.names())
def test_the_named_prompts_are_the_fewest_without_a_warning_in_every_recipe(name: str) -> None:
    recipe = with_knobs(recipes.get(name), max_steps=1_000)
    each = 4
    for sentence in rows_sentences(recipe, 40, each):
        fewest = re.search(r"would need ([0-9,]+) prompts", sentence)
        assert fewest is not None
        assert rows_sentences(recipe, int(fewest[1].replace(",", "")), each) == [], name
