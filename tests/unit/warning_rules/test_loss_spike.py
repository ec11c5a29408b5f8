import math

import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.loss_spike import LossSpike
from tests.unit.warning_rules.seen import evidence

BEFORE = [(10 * n, 0.5 + 0.01 * (n % 2)) for n in range(1, 31)]


def accuracy(right: range) -> dict:
    details = {"right": [*right], "wrong": [n for n in range(100) if n not in right]}
    return {"held_out_accuracy": MetricValue("held_out_accuracy", 0.5, n=100, details=details)}


def test_a_loss_that_jumps_is_red_where_accuracy_fell_and_green_elsewhere():
    rule, jumps = LossSpike(), [(10, 1.0), (20, 1.2), (30, 0.8), (60, 3.0)]
    finding = rule.find(evidence([], losses=jumps, losses_before=BEFORE))
    # Less the mean 0.505 of the last ten; step 60 is no first one.
    assert (finding.value, finding.n) == (pytest.approx(1.0 - 0.505), 13)
    # Variances 0.04 of three and 0.000025 * 10 / 9 of ten: t of 2.0008 degrees of freedom is 4.302.
    assert finding.high - finding.value == pytest.approx(4.302 * math.sqrt(0.04 / 3 + 0.000025 / 9), abs=0.001)
    assert rule.level(finding) is WarningLevel.green
    jumps = [(n, 1.0 + 0.1 * (n % 2)) for n in range(1, 11)]
    ends = {"start": accuracy(range(60)), "trained": accuracy(range(20))}
    assert rule.level(rule.find(evidence([], losses=jumps, losses_before=BEFORE, **ends))) is WarningLevel.red
    same = {"start": accuracy(range(60)), "trained": accuracy(range(58))}
    assert rule.level(rule.find(evidence([], losses=jumps, losses_before=BEFORE, **same))) is WarningLevel.green


def test_one_high_loss_among_many_is_no_spike():
    losses = [(n, 0.5 + 0.8 * (n == 7)) for n in range(1, 51)]
    ends = {"start": accuracy(range(60)), "trained": accuracy(range(20))}
    finding = LossSpike().find(evidence([], losses=losses, losses_before=BEFORE, **ends))
    assert LossSpike().level(finding) is WarningLevel.green


def test_without_a_training_before_it_is_not_known():
    finding = LossSpike().find(evidence([], losses=[(n, 1.0) for n in range(1, 21)]))
    assert finding.missing.startswith("There are no 3 losses each")


def test_an_amber_limit_counts_where_the_rule_itself_is_green():
    jumps = [(n, 1.0 + 0.1 * (n % 2)) for n in range(1, 11)]
    finding = LossSpike().find(evidence([], losses=jumps, losses_before=BEFORE))
    lights = {amber: LossSpike(amber=amber).level(finding) for amber in (None, 0.2, 2.0)}
    assert lights == {None: WarningLevel.green, 0.2: WarningLevel.amber, 2.0: WarningLevel.green}
