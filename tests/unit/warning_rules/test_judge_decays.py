import pytest

from backend.values import WarningLevel
from backend.warning_rules.judge_decays import JudgeDecays
from tests.unit.warning_rules.seen import evidence, past


def now(right: int, *before: dict):
    groups = [[{"accepted": n < right, "right": True}] for n in range(100)]
    return JudgeDecays().find(evidence(groups, judge="j", past=past("judge_decays", *before)))


def test_a_fall_since_the_best_round_beyond_chance_is_red():
    round_warning = now(60, {"right": 0.9, "n": 100, "judge": "j"}, {"right": 0.8, "n": 100, "judge": "j"})
    # 0.6 - 0.9, -+ 1.96 sqrt(0.24 / 100 + 0.09 / 100) = 0.1126.
    assert round_warning.value == pytest.approx(-0.3)
    assert round_warning.high == pytest.approx(-0.1874, abs=0.01)
    assert JudgeDecays().level(round_warning) is WarningLevel.red
    assert round_warning.sample_ids[0] == 61
    assert JudgeDecays().level(now(85, {"right": 0.9, "n": 100, "judge": "j"})) is WarningLevel.green


def test_another_judge_is_not_compared_with():
    assert "judged in the same way" in now(60, {"right": 0.9, "n": 100, "judge": "other"}).missing


def test_texts_of_one_group_that_err_together_are_no_independent_rows():
    right, wrong = {"accepted": True, "right": True}, {"accepted": True, "right": False}
    before = past("judge_decays", {"right": 0.9, "right_error": 0.0, "n": 100, "judge": "j"})
    apart = JudgeDecays().find(evidence([[right]] * 60 + [[wrong]] * 40, judge="j", past=before))
    together = JudgeDecays().find(evidence([[right] * 10] * 6 + [[wrong] * 10] * 4, judge="j", past=before))
    assert together.value == apart.value == pytest.approx(-0.3)
    # The error of ten groups is about the root of ten times that of a hundred texts.
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(10**0.5, rel=0.1)
