import math

import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.label_free_metric import LabelFreeMetric
from tests.unit.warning_rules.seen import evidence, past


def measured(accepted: int, accuracy: float, *before: tuple[float, float], judge: str = "same"):
    """A round of ten texts of which so many are accepted; each round above has its accepted share and accuracy."""
    above = [{"accepted": a, "accuracy": b, "judge": "same"} for a, b in before]
    groups = [[{"accepted": n < accepted}] for n in range(10)]
    made = {"held_out_accuracy": MetricValue("held_out_accuracy", accuracy, n=100)}
    return evidence(groups, made=made, judge=judge, past=past("label_free_metric", *above))


RISING = [(n / 10, n / 20) for n in range(1, 8)]
FALLING = [(n / 10, 1 - n / 20) for n in range(1, 8)]


def test_a_share_that_grows_while_accuracy_falls_is_not_to_be_trusted():
    rule = LabelFreeMetric()
    found = rule.find(measured(8, 0.5, *FALLING))
    assert (found.value, found.n, rule.level(found)) == (-1.0, 100, WarningLevel.red)


def test_a_share_that_follows_is_green_and_one_that_half_follows_amber():
    rule = LabelFreeMetric()
    assert rule.level(rule.find(measured(8, 0.5, *RISING))) is WarningLevel.green
    # Ranks 1 to 8 against 2 1 4 3 6 5 8 7 but for the first four turned round: 4 3 2 1 6 5 8 7.
    shuffled = [(n / 10, rank / 20) for n, rank in zip(range(1, 8), (4, 3, 2, 1, 6, 5, 8), strict=True)]
    found = rule.find(measured(8, 7 / 20, *shuffled))
    # Squared differences 9 + 1 + 1 + 9 + 1 + 1 + 1 + 1 = 24: 1 - 6 * 24 / (8 * 63).
    assert found.value == pytest.approx(1 - 144 / 504)
    half = 1.96 * math.sqrt((1 + found.value**2 / 2) / 5)
    assert found.low == pytest.approx(math.tanh(math.atanh(found.value) - half))
    assert rule.level(found) is WarningLevel.green, "0.714 is not below 0.7"
    worse = rule.find(measured(8, 3.5 / 20, *shuffled))
    assert (rule.level(worse), worse.value < 0.7) == (WarningLevel.amber, True)


def test_fewer_rounds_and_rounds_of_another_judge_do_not_count():
    rule = LabelFreeMetric()
    few = rule.find(measured(8, 0.5, *FALLING[1:]))
    assert few.missing.startswith("7 rounds of the line")
    assert few.details == {"accepted": 0.8, "accuracy": 0.5, "judge": "same"}
    assert rule.find(measured(8, 0.5, *FALLING, judge="other")).missing.startswith("1 rounds")
    assert "same in all rounds" in rule.find(measured(8, 0.5, *[(a, 0.5) for a, _ in FALLING])).missing
