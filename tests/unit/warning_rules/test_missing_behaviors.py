import pytest

from backend.metrics._intervals import wilson
from backend.values import WarningLevel
from backend.warning_rules.missing_behaviors import MissingBehaviors
from tests.unit.warning_rules.seen import evidence

REST = " and so it goes on for as many words as it takes to have twenty of them in one text, and more."
SHOWN = ("let me check that", "wait, this is wrong", "first, break it down", "so I work backwards from the target")


def texts(*numbers: int, n: int = 100, rest: str = REST):
    """So many of n texts show each of the behaviors."""
    return [
        [{"text": ". ".join(words for words, number in zip(SHOWN, numbers, strict=True) if place < number) + rest}]
        for place in range(n)
    ]


def test_the_rarest_behavior_counts_where_reinforcement_learning_is_to_come():
    rule = MissingBehaviors()
    finding = rule.find(evidence(texts(50, 40, 60, 0), is_online=True))
    assert (finding.value, finding.n, finding.high) == (0.0, 100, pytest.approx(wilson(0, 100)[1]))
    assert rule.level(finding) is WarningLevel.amber
    assert finding.note.startswith("The rarest is backward_chaining.")
    assert finding.details["shown"] == {"verification": 50, "backtracking": 40, "subgoals": 60, "backward_chaining": 0}


def test_a_policy_that_shows_all_of_them_is_green():
    rule = MissingBehaviors()
    finding = rule.find(evidence(texts(50, 40, 60, 20), is_online=True))
    assert (finding.value, rule.level(finding)) == (0.2, WarningLevel.green)


def test_it_is_not_told_of_filtering_and_of_short_texts():
    rule = MissingBehaviors()
    assert "reinforcement learning" in rule.find(evidence(texts(0, 0, 0, 0))).missing
    short = rule.find(evidence(texts(50, 40, 60, 0, rest="."), is_online=True))
    assert (short.value, short.n) == (None, 0)
