import pytest

from backend.values import WarningLevel
from backend.warning_rules.exploration_collapse import ExplorationCollapse
from tests.unit.warning_rules.seen import evidence, past


def test_collapse_is_the_share_of_new_texts_against_the_first_round():
    # 20 groups with 2 new of 4 texts, 20 with 1: 60 / 160 = 0.375; the first round had 0.75.
    twos, ones = [{"text": t} for t in ("a", "a ", "b", "b")], [{"text": "a"}] * 4
    groups = [twos] * 20 + [ones] * 20
    rule = ExplorationCollapse()
    first = rule.find(evidence(groups))
    assert (first.value, first.details) == (None, {"distinct": 0.375, "size": 4.0})
    finding = rule.find(evidence(groups, past=past("exploration_collapse", {"distinct": 0.75, "size": 4.0})))
    assert finding.value == pytest.approx(0.5)
    assert finding.high is not None
    assert finding.high < 0.6
    assert finding.sample_ids[0] == 81, "the first text of the first group that says the same four times"
    assert rule.level(finding) is WarningLevel.red


def test_groups_of_another_size_are_not_compared():
    groups = [[{"text": "a"}, {"text": "b"}]] * 30
    finding = ExplorationCollapse().find(
        evidence(groups, past=past("exploration_collapse", {"distinct": 0.75, "size": 4.0}))
    )
    assert finding.value is None
    assert "4 texts to a prompt and this one 2" in finding.missing
