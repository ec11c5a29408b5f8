import math

import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.loss_spike import LossSpike
from tests.unit.warning_rules.seen import evidence

BEFORE = [(10 * n, 0.5 + 0.01 * (n % 2)) for n in range(1, 31)]


def accuracy(right: range) -> dict:
    details = {"right": [*right], "wrong": [n for n in range(100) if n not in right]}
    return {"held_out_accuracy": MetricValue("held_out_accuracy", 0.5, n=100, details=details)}


def test_a_loss_that_jumps_is_amber_and_red_where_accuracy_fell():
    rule, jumps = LossSpike(), [(10, 0.9), (20, 1.4), (30, 0.8), (60, 3.0)]
    found = rule.find(evidence([], losses=jumps, losses_before=BEFORE))
    # Less the mean 0.505 of the last ten, whose standard deviation is 0.005 * sqrt(10 / 9); step 60 is no first one.
    assert (found.value, found.n) == (pytest.approx(1.4 - 0.505), 13)
    assert found.high - found.value == pytest.approx(1.96 * 0.005 * math.sqrt(10 / 9) * math.sqrt(1.1))
    assert rule.level(found) is WarningLevel.amber
    ends = {"start": accuracy(range(60)), "made": accuracy(range(20))}
    assert rule.level(rule.find(evidence([], losses=jumps, losses_before=BEFORE, **ends))) is WarningLevel.red


def test_a_training_that_goes_on_smoothly_is_green():
    rule = LossSpike()
    found = rule.find(evidence([], losses=[(10, 0.53), (20, 0.5)], losses_before=BEFORE))
    assert rule.level(found) is WarningLevel.green


def test_without_a_training_before_it_is_not_known():
    found = LossSpike().find(evidence([], losses=[(n, 1.0) for n in range(1, 21)]))
    assert found.missing.startswith("There is no training before it")
