import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.forgetting import Forgetting
from tests.unit.warning_rules.seen import evidence


def accuracy(right: range, wrong: range) -> dict:
    return {"held_out_accuracy": MetricValue("held_out_accuracy", 0.5, details={"right": [*right], "wrong": [*wrong]})}


def test_forgotten_prompts_are_those_that_were_right():
    finding = Forgetting().find(
        evidence([], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(20, 62), range(62, 100)))
    )
    # Measured on both: 20 to 99, 80 prompts. Lost none of 20 to 59, won 60 and 61.
    assert (finding.value, finding.n, finding.prompt_ids) == (2 / 80, 80, ())
    lost = Forgetting().find(
        evidence([], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(30), range(30, 100)))
    )
    # 30 lost of 100: -0.3 -+ 1.96 sqrt(30 - 9) / 100 = 0.0898.
    assert lost.value == -0.3
    assert lost.high == pytest.approx(-0.2102, abs=1e-4)
    assert lost.prompt_ids == tuple(range(30, 60))
    assert Forgetting().level(lost) is WarningLevel.red


def test_one_measurement_is_no_comparison():
    assert Forgetting().find(evidence([], trained=accuracy(range(60), range(60, 100)))).value is None


def test_five_prompts_that_are_lost_may_be_chance():
    finding = Forgetting().find(
        evidence(
            [], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(5, 60), [*range(5), *range(60, 100)])
        )
    )
    # -0.05 -+ 1.96 sqrt(5 - 0.25) / 100 = 0.0427 lies below 0, and 2 / 2^5 = 0.0625 is no 0.05.
    assert (finding.value, finding.high) == (-0.05, 0.0)
    assert Forgetting(limit=-0.001).level(finding) is WarningLevel.green
