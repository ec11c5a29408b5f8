"""Weights rise where the policy was wrong (after Freund and Schapire 1997; Amara et al. 2023, arXiv 2312.07028)."""

from backend.mixers.boosting_weights import BoostingWeights
from backend.values import Group, Past, Verdict
from tests.groups import prompt, sample
from tests.unit.mixers.training_rows import row

RIGHT, WRONG = Verdict.accept, Verdict.reject


def group(id, *verdicts):
    return Group(prompt(id=id), tuple(sample(n, verdict=verdict) for n, verdict in enumerate(verdicts, start=1)))


def weights(*groups, past=(), **knobs):
    rows = [row(n, prompt=n) for n in (1, 2, 3)]
    mixture = BoostingWeights(**knobs).mix(rows, iter(groups), Past(trained=past), seed=0)
    assert [record.example.sample_id for record in mixture.rows] == [1, 2, 3]
    return [record.example.weight for record in mixture.rows]


def test_a_wrong_answer_doubles_the_weight_and_the_share_of_wrong_ones_is_the_exponent():
    assert weights(group(1, RIGHT), group(2, WRONG), group(3, WRONG, RIGHT, None)) == [1.0, 2.0, round(2**0.5, 9)]
    assert weights(group(1, WRONG), group(2, None), factor=3) == [3.0, 1.0, 1.0]


def test_weights_go_on_from_the_nearest_round_before():
    past = [
        row(9, prompt=1, weight=2.0, age=1),
        row(8, prompt=1, weight=7.0, age=2),
        row(7, prompt=2, weight=4.0, age=2),
    ]
    assert weights(group(1, WRONG), group(2, RIGHT), group(3, RIGHT), past=past) == [4.0, 4.0, 1.0]
    assert weights(group(1, WRONG), past=past, most=3) == [3.0, 3.0, 1.0]


def test_weights_that_another_recipe_gave_are_not_gone_on_from():
    past = [row(9, prompt=1, weight=8.0, age=1, is_same_recipe=False), row(8, prompt=1, weight=2.0, age=2)]
    assert weights(group(1, WRONG), past=past) == [4.0, 1.0, 1.0]
