import pytest

from backend.values import WarningLevel
from backend.warning_rules.length_bias import LengthBias
from tests.unit.warning_rules.seen import evidence


def test_length_bias_is_spearmans_rank_correlation():
    # Ranks of length 1 2 3 4, of score 2 1 4 3: rho = 1 - 6 (1 + 1 + 1 + 1) / (4 * 15) = 0.6.
    texts = [{"tokens": t, "score": s} for t, s in ((1, 2.0), (2, 1.0), (3, 4.0), (4, 3.0))]
    found = LengthBias(min_rows=10).compute(evidence([texts]))
    assert found.value == pytest.approx(0.6)
    assert found.n == 4
    assert found.sample_ids == (3, 4, 1, 2), "the best first"


def test_that_right_texts_are_longer_is_no_bias():
    groups = [[{"tokens": 9, "score": 5.0, "right": True}, {"tokens": 2, "score": 1.0, "right": False}]] * 20
    rule = LengthBias()
    assert rule.find(evidence(groups)).value == 0.0
    unknown = [[{key: value for key, value in one.items() if key != "right"} for one in group] for group in groups]
    found = rule.find(evidence(unknown))
    assert found.value == pytest.approx(1.0)
    assert rule.level(found) is WarningLevel.red


def test_equal_scores_pull_nothing():
    found = LengthBias().find(evidence([[{"tokens": n, "score": 5.0} for n in range(40)]]))
    assert found.value is None
    assert found.missing == "All scores are equal, so length can pull nothing."
