import math

import pytest

from backend.values import WarningLevel
from backend.warning_rules.reward_hacking import RewardHacking
from tests.unit.warning_rules.seen import evidence, past


def now(accepted: int, right: int, **more):
    groups = [[{"accepted": n < accepted, "right": n < right}] for n in range(100)]
    return evidence(groups, judge="j", **more)


def before(accepted: float, right: float, judge: str = "j"):
    return {"accepted": accepted, "right": right, "n": 100, "judge": judge}


def test_the_slope_of_the_judge_less_that_of_the_truth():
    past_ = past("reward_hacking", before(0.5, 0.5), before(0.7, 0.45))
    finding = RewardHacking().find(now(90, 40, past=past_))
    # Slopes over three rounds: (0.9 - 0.5) / 2 = 0.2 and (0.4 - 0.5) / 2 = -0.05.
    assert finding.value == pytest.approx(0.25)
    half = 1.96 / 2 * math.sqrt((0.9 * 0.1 + 0.5 * 0.5 + 0.4 * 0.6 + 0.5 * 0.5) / 100)
    # Texts that are accepted and right go together, so that the error of the difference is less than that of both.
    assert 0.25 - half < finding.low < 0.25 - 0.8 * half
    assert RewardHacking().level(finding) is WarningLevel.red
    assert finding.sample_ids[0] == 41, "the first text that is accepted and wrong"


def test_a_judge_and_a_truth_that_climb_together_are_no_hack():
    past_ = past("reward_hacking", before(0.5, 0.5), before(0.6, 0.6))
    assert RewardHacking().level(RewardHacking().find(now(90, 60, past=past_))) is WarningLevel.green


def test_it_takes_three_rounds_that_are_judged_alike():
    finding = RewardHacking().find(
        now(90, 40, past=past("reward_hacking", before(0.5, 0.5), before(0.7, 0.4, "other")))
    )
    assert finding.value is None
    assert "third round" in finding.missing
    assert finding.details["accepted"] == 0.9, "later rounds compare with it"
