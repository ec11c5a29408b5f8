import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.sharpening_only import SharpeningOnly
from tests.unit.warning_rules.seen import evidence, past


def finding(pass_at: float, accuracy: float, *before: dict):
    fields = {
        "pass_at_8": MetricValue("pass_at_8", pass_at, n=40),
        "pass_at_2": MetricValue("pass_at_2", 0.1, n=40),
        "held_out_accuracy": MetricValue("held_out_accuracy", accuracy, n=40),
    }
    return SharpeningOnly().find(evidence([], trained=fields, past=past("sharpening_only", *before)))


def test_a_fall_of_pass_at_k_while_accuracy_grew_is_red_the_second_time():
    first = finding(0.8, 0.4)
    assert (first.value, first.details) == (None, {"k": "pass_at_8", "pass": 0.8, "accuracy": 0.4})
    second = finding(0.7, 0.5, first.details)
    assert second.value == pytest.approx(0.1)
    assert SharpeningOnly().level(second) is WarningLevel.amber
    third = finding(0.7, 0.5, first.details, second.details)
    assert SharpeningOnly().level(third) is WarningLevel.red
    assert SharpeningOnly().level(finding(0.7, 0.3, first.details, second.details)) is WarningLevel.green


def test_without_pass_at_k_it_is_not_known():
    assert "pass_at_k" in SharpeningOnly().find(evidence([])).missing
