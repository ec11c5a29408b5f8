import math

import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.changed_self_knowledge import ChangedSelfKnowledge
from tests.unit.warning_rules.seen import evidence


def said(precision: float, recall: float, right: range = range(50)) -> dict:
    details = {"right": [*right], "wrong": [n for n in range(100) if n not in right]}
    values = {"self_knowledge_precision": precision, "self_knowledge_recall": recall}
    found = {name: MetricValue(name, value, n=98) for name, value in values.items()}
    return found | {"held_out_accuracy": MetricValue("held_out_accuracy", 0.5, n=100, details=details)}


def test_words_of_itself_that_change_while_nothing_else_does():
    rule = ChangedSelfKnowledge()
    found = rule.find(evidence([], start=said(49 / 98, 49 / 98), made=said(49 / 98, 79 / 98)))
    # With two rows more, 50 of 100 and 80 of 100.
    assert found.value == pytest.approx(0.3 / math.sqrt((0.25 + 0.16) / 100))
    assert (found.n, rule.level(found)) == (98, WarningLevel.red)


def test_a_change_that_is_measured_too_is_no_surprise():
    rule = ChangedSelfKnowledge()
    found = rule.find(evidence([], start=said(0.5, 0.5), made=said(0.5, 0.8, right=range(80))))
    assert (found.note, rule.level(found)) == ("The held-out accuracy changed, too.", WarningLevel.green)
    small = rule.find(evidence([], start=said(0.5, 0.5), made=said(0.5, 0.55)))
    assert rule.level(small) is WarningLevel.green
    assert rule.find(evidence([], made=said(0.5, 0.5))).value is None
