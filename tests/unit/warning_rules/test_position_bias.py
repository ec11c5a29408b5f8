import pytest

from backend.values import WarningLevel
from backend.warning_rules.position_bias import PositionBias
from tests.unit.warning_rules.seen import evidence


def test_position_bias_is_the_share_of_pairs_that_turn():
    # 15 of 30 turn: 0.5, Wilson's interval 0.332 to 0.668, above 0.30.
    swapped = [(n, n + 100, n > 15) for n in range(1, 31)]
    rule = PositionBias()
    finding = rule.find(evidence([], swapped=swapped))
    assert (finding.value, finding.n) == (0.5, 30)
    assert (finding.low, finding.high) == (pytest.approx(0.3315, abs=1e-4), pytest.approx(0.6685, abs=1e-4))
    assert finding.sample_ids[:2] == (1, 101)
    assert rule.level(finding) is WarningLevel.red
    few = rule.find(evidence([], swapped=swapped[:29]))
    assert few.value is None
    assert "29 pairs" in few.missing
    assert "pairwise_swapped" in few.missing


def test_a_third_of_turned_pairs_may_be_chance_and_is_amber():
    # 30 of 100: 0.219 to 0.396, which holds 0.30 and lies above 0.15.
    finding = PositionBias().find(evidence([], swapped=[(n, n + 100, n > 30) for n in range(1, 101)]))
    assert PositionBias().level(finding) is WarningLevel.amber
