import pytest

from backend.values import WarningLevel
from backend.warning_rules.selection_shift import SelectionShift
from tests.unit.warning_rules.seen import evidence


def test_kept_texts_that_are_all_longer_are_told_by_length_alone():
    group = [{"tokens": 9}, {"tokens": 2}]
    finding = SelectionShift().find(evidence([group] * 20, kept=frozenset(range(1, 41, 2))))
    assert (finding.value, finding.low, finding.high, finding.n) == (1.0, 1.0, 1.0, 40)
    assert SelectionShift().level(finding) is WarningLevel.red
    shorter = SelectionShift().find(evidence([group] * 20, kept=frozenset(range(2, 42, 2))))
    assert shorter.value == 1.0
    assert shorter.sample_ids[0] == 2


def test_the_area_is_the_chance_that_a_kept_text_is_longer():
    # Kept 3 and 1, others 2 and 2: longer in 2 of 4 comparisons.
    group = [{"tokens": 3}, {"tokens": 2}, {"tokens": 1}, {"tokens": 2}]
    finding = SelectionShift().find(evidence([group] * 20, kept=frozenset(range(1, 81, 2))))
    assert finding.value == pytest.approx(0.5)
    assert SelectionShift().level(finding) is WarningLevel.green


def test_where_nothing_was_kept_it_is_not_known():
    assert SelectionShift().find(evidence([[{"tokens": 1}]] * 40)).value is None
