"""Pang et al. 2024 (Iterative RPO), arXiv 2404.19733: what makes it that method."""

import math
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.transformers import Transformers
from tests.groups import prompt as a_prompt
from tests.integration.loop import RIGHT
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run
from tests.integration.test_rounds_filtered import ONE_DATABASE, first_loss, last_content, pairs, rows_of, trained
from tests.integration.test_rounds_filtered import model as model  # a fixture
from tests.integration.trainers.test_trl import token_logprobs

RECIPE = recipes.get("irpo")


def loop(right, wrong, unread=0):
    lines = [f"way {n}\n#### 4" for n in range(right)] + [f"way {n}\n#### 5" for n in range(wrong)] + [" "] * unread
    return run(RECIPE, Lines(lines=tuple(lines)), a_prompt("2+2?", answer="4"))


def test_ten_pairs_of_a_right_above_a_wrong_sample():
    result = loop(12, 18)
    assert [(n, s.n) for n, s in result.asked] == [(1, 30)]
    pairs = [(e.sample_id, e.rejected_id) for e in result.selection.examples]
    assert len(set(pairs)) == 10
    assert len({right for right, _ in pairs}) == len({wrong for _, wrong in pairs}) == 10
    assert all(right <= 12 < wrong for right, wrong in pairs)


def test_a_side_with_few_samples_is_used_again():
    pairs = [(e.sample_id, e.rejected_id) for e in loop(1, 29).selection.examples]
    assert len(set(pairs)) == 10
    assert {right for right, _ in pairs} == {1}


def test_a_prompt_answered_always_or_never_gives_no_pair():
    assert loop(30, 0).selection.dropped == {"no wrong sample": 1}
    assert loop(0, 30).selection.dropped == {"no right sample": 1}


def test_what_cannot_be_read_is_on_neither_side():
    assert all(e.rejected_id == 2 for e in loop(1, 1, unread=28).selection.examples)


def test_likelihood_of_the_chosen_side_is_added_with_the_factor_one():
    # That this is the loss is worked out in the round below.
    trainer = RECIPE.trainer
    assert (trainer.loss_type, trainer.loss_weights) == (("sigmoid", "sft"), (1.0, 1.0))
    assert trainer.weigh_examples  # by each text's own length, not over all tokens of a batch
    assert {e.weight for e in loop(12, 18).selection.examples} == {1.0}


def test_each_round_starts_from_the_last_and_compares_with_it():
    assert (RECIPE.trainer.start, RECIPE.trainer.reference) == ("policy", "reference")


@pytest.mark.slow
@ONE_DATABASE
def test_irpo_trains_on_several_pairs_of_right_above_wrong(tiny: Path) -> None:
    _, result = trained("irpo", tiny)
    for prompt, answer in RIGHT.items():
        rows = rows_of(result, prompt)
        pairs = {(last_content(row, "chosen"), last_content(row, "rejected")) for row in rows}
        assert len(pairs) == len(rows) == 3
        assert all(chosen.endswith(answer) and not rejected.endswith(answer) for chosen, rejected in pairs)
        assert "I give up" not in {rejected for _, rejected in pairs}
        assert {row["weight"] for row in rows} == {1.0}


def test_irpo_adds_the_likelihood_of_the_chosen_text_divided_by_its_own_length(model: Path, tmp_path: Path) -> None:
    data = pairs(1.0, 1.0, 1.0)
    with Transformers(model=str(model), device="cpu") as engine:
        by_token = [token_logprobs(engine, row["prompt"], last_content(row, "chosen")) for row in data]
    nll = sum(-float(node.mean()) for node in by_token) / 3
    over_all_tokens = -sum(float(entry.sum()) for entry in by_token) / sum(len(entry) for entry in by_token)
    # At its start the policy is the reference: every margin is 0, and -log sigmoid(0) = log 2.
    assert first_loss("irpo", tmp_path / "irpo", model, data) == pytest.approx(math.log(2) + nll, abs=1e-4)
    assert nll > 1
    assert abs(nll - over_all_tokens) > 1e-3, "the lengths differ enough to tell the two means apart"
    half = first_loss("irpo", tmp_path / "half", model, data, loss_weights=(1.0, 0.5))
    assert half == pytest.approx(math.log(2) + nll / 2, abs=1e-4)
    # TRL's own terms, one example at a time, give the same.
    own = {"weigh_examples": False, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 3}
    assert first_loss("irpo", tmp_path / "trl", model, data, **own) == pytest.approx(math.log(2) + nll, abs=1e-4)
    alone = {"loss_type": ("sigmoid",), "loss_weights": (), "weigh_examples": False}
    assert first_loss("irpo", tmp_path / "dpo", model, data, **alone) == pytest.approx(math.log(2), abs=1e-4)
