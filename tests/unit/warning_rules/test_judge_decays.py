import pytest

from backend.values import WarningLevel
from backend.warning_rules.judge_decays import JudgeDecays
from tests.unit.warning_rules.seen import evidence, past


def now(right: int, *before: dict):
    groups = [[{"accepted": n < right, "right": True}] for n in range(100)]
    return JudgeDecays().find(evidence(groups, judge="j", past=past("judge_decays", *before)))


def test_a_fall_since_the_best_round_beyond_chance_is_red():
    found = now(60, {"right": 0.9, "n": 100, "judge": "j"}, {"right": 0.8, "n": 100, "judge": "j"})
    # 0.6 - 0.9, -+ 1.96 sqrt(0.24 / 100 + 0.09 / 100) = 0.1126.
    assert found.value == pytest.approx(-0.3)
    assert found.high == pytest.approx(-0.1874, abs=1e-4)
    assert JudgeDecays().level(found) is WarningLevel.red
    assert found.sample_ids[0] == 61
    assert JudgeDecays().level(now(85, {"right": 0.9, "n": 100, "judge": "j"})) is WarningLevel.green


def test_another_judge_is_not_compared_with():
    assert "judged in the same way" in now(60, {"right": 0.9, "n": 100, "judge": "other"}).missing
