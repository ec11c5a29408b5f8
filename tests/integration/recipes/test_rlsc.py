"""Li et al. 2025 (RLSC), arXiv 2506.06395: what makes it that method."""

import math
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_losses import ONE_DATABASE, ONE_STEP, short, trained, weights
from tests.integration.trainers.losses import logprobs_of

RECIPE = recipes.get("rlsc")
PLACES = RECIPE.places()


def test_every_sample_weighs_the_probability_of_its_whole_text():
    judge, selector = PLACES[2].step, PLACES[3].step.part
    assert (judge.part.name, judge.part.measure, judge.by) == ("self_certainty", "sequence_probability", "policy")
    group = Group(prompt(), (sample(1, "a", score=0.5), sample(2, "a", score=0.5), sample(3, "b", score=1e-9)))
    assert [(e.sample_id, e.weight) for e in selector.select([group], seed=1).examples] == [
        (1, 0.5),
        (2, 0.5),
        (3, 1e-9),
    ]


def test_the_loss():
    trainer = RECIPE.trainer
    assert (trainer.name, trainer.weigh_examples, trainer.weight_offset, trainer.reduction) == ("sft", True, 0.1, "sum")
    assert (trainer.normalise_weights, trainer.start) == (False, "policy")
    assert 10 <= trainer.max_steps <= 20


def test_no_answer_is_needed_and_nothing_is_compared():
    assert not RECIPE.judge.needs_answer
    assert (RECIPE.generator.n, RECIPE.generator.temperature) == (16, 0.5)


@pytest.mark.slow
@ONE_DATABASE
def test_rlsc_weighs_each_sample_by_its_probability(tiny: Path) -> None:
    changes = {"generator": {"n": 2, "max_tokens": 3}, "trainer": ONE_STEP | {"per_device_train_batch_size": 16}}
    loop = Loop(short("rlsc", **changes), weights(tiny), tiny)
    ended, rows, record = trained(loop)
    assert len(rows) == len(RIGHT) * 2 - ended.counts["funnel"][4]["dropped"].get("empty text", 0)
    expected = 0.0
    for row in rows:
        by_token = logprobs_of(tiny, row["prompt"], row["completion"][0]["content"])
        assert row["weight"] == pytest.approx(math.exp(float(by_token[:-1].sum())), rel=1e-3), "without the end token"
        expected += -(row["weight"] + 0.1) * float(by_token.sum()) / len(rows)
    assert record["metrics"]["loss"] == pytest.approx(expected, rel=1e-3)
