"""Wang et al. 2025 (EAST), arXiv 2503.23913: what makes it that method."""

import json
import math
from collections import Counter
from pathlib import Path

import pytest

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.engines.transformers import Transformers
from backend.selectors._entropy import entropy
from tests.groups import prompt as a_prompt
from tests.integration.loop import RIGHT
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.test_rounds_filtered import (
    ONE_DATABASE,
    first_loss,
    last_content,
    pairs,
    rows_of,
    texts,
    trained,
)
from tests.integration.test_rounds_filtered import model as model  # a fixture
from tests.integration.trainers.test_trl import token_logprobs

RECIPE = recipes.get("east")


def loop(answers, *, seed=1, power=1.0):
    lines = tuple(f"way {n}\n#### {answer}" for n, answer in enumerate(answers))
    recipe = RECIPE.with_changes({"selector": {"entropy_power": power}})
    return run(recipe, Lines(lines=lines), a_prompt(answer="4"), seed=seed)


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


@pytest.mark.slow
@ONE_DATABASE
def test_east_weighs_prompts_by_the_entropy_of_their_answers(tiny: Path) -> None:
    ended, result = trained("east", tiny)
    for prompt, answer in RIGHT.items():
        # What cannot be read as a number is read as nothing.
        given = Counter(text[-1] for text, _ in texts(ended.id)[prompt] if "####" in text)
        wrong = {name: count for name, count in given.items() if name != answer}
        if not rows_of(result, prompt):
            assert answer not in given
            continue
        (row,) = rows_of(result, prompt)
        assert last_content(row, "chosen")[-1] == answer
        assert wrong[last_content(row, "rejected")[-1]] == max(wrong.values())
        assert row["weight"] == pytest.approx(entropy(list(given.values())), abs=1e-9)
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    record = json.loads((settings().folder / checkpoint.engine["model"] / "train.json").read_text())
    (rows,) = result["rows"].values()
    assert min(row["weight"] for row in rows) > 1.5
    assert 0.5 < record["metrics"]["weight"] < 1.5, "divided by their mean"


def test_east_divides_weights_by_their_mean(model: Path, tmp_path: Path) -> None:
    # Entropies of 1.5, 1 and 0.5 bits have the mean 1; so have 3, 2 and 1 once they are divided by 2.
    with_likelihood = {"loss_type": ("sigmoid", "sft"), "loss_weights": (1.0, 1.0)}
    values = [
        first_loss("east", tmp_path / f"{factor}", model, pairs(1.5 * factor, factor, 0.5 * factor), **with_likelihood)
        for factor in (1.0, 2.0)
    ]
    with Transformers(model=str(model), device="cpu") as engine:
        nll = [
            -float(token_logprobs(engine, row["prompt"], last_content(row, "chosen")).mean()) for row in pairs(1, 1, 1)
        ]
    expected = math.log(2) + (1.5 * nll[0] + nll[1] + 0.5 * nll[2]) / 3
    assert values == pytest.approx([expected, expected], abs=1e-4)
    plain = first_loss("east", tmp_path / "plain", model, pairs(3.0, 2.0, 1.0), normalise_weights=False)
    assert plain == pytest.approx(2 * math.log(2), abs=1e-4)
    assert first_loss("east", tmp_path / "east", model, pairs(3.0, 2.0, 1.0)) == pytest.approx(math.log(2), abs=1e-4)
