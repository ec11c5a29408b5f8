import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.correction_breaks import CorrectionBreaks
from tests.unit.warning_rules.seen import evidence


def finding(broken: float, fixed: float):
    metrics = {
        f"correction_{name}": MetricValue(f"correction_{name}", value, n=100)
        for name, value in (("broken", broken), ("fixed", fixed))
    }
    return CorrectionBreaks().find(evidence([], of_round=metrics))


def test_broken_less_fixed_chains():
    metric_value = finding(0.3, 0.1)
    # 0.2 -+ 1.96 sqrt((0.4 - 0.04) / 100) = 0.1176.
    assert metric_value.value == pytest.approx(0.2)
    assert metric_value.low == pytest.approx(0.0824, abs=1e-4)
    assert CorrectionBreaks().level(metric_value) is WarningLevel.red
    assert CorrectionBreaks().level(finding(0.1, 0.3)) is WarningLevel.green
    assert "correction_flips" in CorrectionBreaks().find(evidence([])).missing
