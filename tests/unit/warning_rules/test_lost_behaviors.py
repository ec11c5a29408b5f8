import pytest

from backend.values import WarningLevel
from backend.warning_rules.lost_behaviors import LostBehaviors
from tests.unit.warning_rules.seen import evidence

GROUPS = [[{"text": "wait, that is wrong"}, {"text": "it is four"}] for _ in range(60)]
"""The first text of each group goes back, and has an odd number."""


def test_a_filter_that_keeps_texts_which_do_not_go_back():
    kept = frozenset([*range(2, 102, 2), *range(101, 111, 2)])
    rule = LostBehaviors()
    finding = rule.find(evidence(GROUPS, kept=kept))
    # Half of all texts go back, and 5 of the 55 kept ones.
    assert (finding.value, finding.n) == (pytest.approx(1 - 5 / 55 / 0.5), 55)
    assert finding.low > 0.5
    assert rule.level(finding) is WarningLevel.red
    assert finding.note == "The one that surely falls most is backtracking."
    assert finding.sample_ids[0] == 1


def test_a_filter_that_keeps_both_alike_is_green():
    rule = LostBehaviors()
    finding = rule.find(evidence(GROUPS, kept=frozenset(range(1, 101))))
    assert (finding.value, rule.level(finding)) == (0.0, WarningLevel.green)


def test_texts_without_behaviors_say_nothing():
    plain = [[{"text": "it is four"}] for _ in range(60)]
    finding = LostBehaviors().find(evidence(plain, kept=frozenset(range(1, 41))))
    assert (finding.value, finding.missing) == (None, "No behavior is shown by 30 texts of the round.")
