import pytest

from backend.values import WarningLevel
from backend.warning_rules.no_separation import NoSeparation
from tests.unit.warning_rules.seen import evidence


def test_no_separation_counts_groups_of_one_score():
    flat, fields = [{"score": 5.0}, {"score": 5.0}], [{"score": 5.0}, {"score": 1.0}]
    finding = NoSeparation().find(evidence([flat] * 36 + [fields] * 4))
    # 36 of 40: 0.9, Wilson's interval 0.769 to 0.960.
    assert (finding.value, finding.n) == (0.9, 40)
    assert finding.low == pytest.approx(0.7695, abs=1e-3)
    assert NoSeparation().level(finding) is WarningLevel.red


def test_texts_that_are_the_same_or_all_right_need_no_separation():
    same = [{"score": 5.0, "text": "a"}, {"score": 5.0, "text": "a"}]
    right = [{"score": 5.0, "right": True}, {"score": 5.0, "right": True}]
    finding = NoSeparation().find(evidence([same] * 30 + [right] * 30))
    assert (finding.value, finding.n) == (None, 0)
    assert "takes 30" in finding.missing


def test_two_scores_tie_by_nature_where_nothing_needs_them_to_differ():
    flat, mixed = [{"score": 1.0}] * 2, [{"score": 1.0, "right": True}, {"score": 1.0, "right": False}]
    other, third = [{"score": 0.0}] * 2, [{"score": 0.5}] * 2
    binary = [flat] * 20 + [other] * 20
    finding = NoSeparation().find(evidence(binary, needs_differences=False))
    assert (finding.value, finding.missing.split(",")[0]) == (None, "The judge gives two scores")
    assert NoSeparation().level(NoSeparation().find(evidence(binary, needs_differences=True))) is WarningLevel.red
    # One score for all, and three, tell of a judge that could say more; so does a right text tied with a wrong one.
    for groups in ([flat] * 40, [*binary, third], [*binary, *[mixed] * 40]):
        finding = NoSeparation().find(evidence(groups, needs_differences=False))
        assert NoSeparation().level(finding) is WarningLevel.red
        assert finding.n == (40 if groups[-1] is mixed else len(groups))
