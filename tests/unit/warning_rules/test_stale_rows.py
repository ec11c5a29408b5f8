import pytest

from backend.values import WarningLevel
from backend.warning_rules import TrainedText
from backend.warning_rules.stale_rows import StaleRows
from tests.unit.warning_rules.seen import evidence


def read(*ages: int | None):
    texts = [TrainedText(n, "q", "a", sample_id=n if age is not None else None, age=age) for n, age in enumerate(ages)]
    return evidence([], rows=lambda: texts)


def test_rows_of_many_rounds_ago():
    rule = StaleRows()
    found = rule.find(read(*[0] * 10, *[4] * 30, *[None] * 50))
    assert (found.value, found.n) == (3.0, 40)
    # The standard deviation of ten 0 and thirty 4 is sqrt(120 / 39).
    assert found.low == pytest.approx(3 - 1.959964 * (120 / 39 / 40) ** 0.5, abs=1e-5)
    assert rule.level(found) is WarningLevel.red
    assert found.sample_ids == tuple(range(10, 40))


def test_the_rounds_own_rows_with_some_of_those_before_are_green():
    rule = StaleRows()
    assert rule.level(rule.find(read(*[0] * 20, *[1] * 10, *[2] * 10))) is WarningLevel.green
    assert rule.find(read(*[0] * 40)).value == 0.0
