import pytest

from backend.values import WarningLevel
from backend.warning_rules.length_bias import LengthBias
from tests.unit.warning_rules.seen import evidence


def test_length_bias_is_spearmans_rank_correlation():
    # Ranks of length 1 2 3 4, of score 2 1 4 3: rho = 1 - 6 (1 + 1 + 1 + 1) / (4 * 15) = 0.6.
    texts = [{"tokens": t, "score": s} for t, s in ((1, 2.0), (2, 1.0), (3, 4.0), (4, 3.0))]
    measures = LengthBias(min_rows=10).compute(evidence([texts]))
    assert measures.value == pytest.approx(0.6)
    assert measures.n == 4
    assert measures.sample_ids == (3, 4, 1, 2), "the best first"


def test_that_right_texts_are_longer_is_no_bias():
    groups = [[{"tokens": 9, "score": 5.0, "right": True}, {"tokens": 2, "score": 1.0, "right": False}]] * 20
    rule = LengthBias()
    assert rule.find(evidence(groups)).value == 0.0
    unknown = [[{key: value for key, value in entry.items() if key != "right"} for entry in group] for group in groups]
    finding = rule.find(evidence(unknown))
    assert finding.value == pytest.approx(1.0)
    assert rule.level(finding) is WarningLevel.red


def test_equal_scores_pull_nothing():
    finding = LengthBias().find(evidence([[{"tokens": n, "score": 5.0} for n in range(40)]]))
    assert finding.value is None
    assert finding.missing == "All scores are equal, so length can pull nothing."


def test_texts_that_are_nearly_all_equally_long_say_nothing_of_length():
    """One short text of 172: its correlation is near 0, and its interval excludes little."""
    texts = [{"tokens": 6, "score": float(n % 2)} for n in range(171)]
    rule = LengthBias()
    finding = rule.find(evidence([[entry] for entry in [*texts, {"tokens": 4, "score": 0.0}]]))
    assert finding.value is None
    assert finding.missing == "Nearly all texts are equally long, so nothing is known of what length pulls."
    assert rule.level(finding) is not WarningLevel.green
    # Of many texts that are cut at one length the others, which are many as well, tell what length pulls.
    cut = [{"tokens": 24, "score": 1.0} for _ in range(1_900)]
    by_few = rule.find(evidence([[entry] for entry in [*cut, *({"tokens": 40, "score": 5.0} for _ in range(100))]]))
    assert by_few.value == pytest.approx(1.0)
    varied = [{"tokens": 4 + n % 3, "score": float(n % 2)} for n in range(172)]
    assert rule.find(evidence([[entry] for entry in varied])).value is not None
