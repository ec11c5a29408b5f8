from backend.values import WarningLevel
from backend.warning_rules.nothing_to_gain import NothingToGain
from tests.unit.warning_rules.seen import evidence

GOOD, MISSED = {"right": True, "accepted": True}, {"right": True, "accepted": False}
BAD, LET_IN = {"right": False, "accepted": False}, {"right": False, "accepted": True}


def test_gain_is_the_accepted_share_of_right_less_that_of_all():
    # Accepted: 3 right of 4. All: 4 right of 8. Gap 0.75 - 0.5.
    group = [GOOD, GOOD, GOOD, LET_IN, MISSED, BAD, BAD, BAD]
    finding = NothingToGain().find(evidence([group] * 10))
    assert (finding.value, finding.n) == (0.25, 80)
    assert (finding.low, finding.high) == (0.25, 0.25), "all groups are alike"
    assert NothingToGain().level(finding) is WarningLevel.green


def test_a_judge_that_guesses_gains_nothing():
    finding = NothingToGain().find(evidence([[GOOD, MISSED, BAD, LET_IN]] * 10))
    assert finding.value == 0.0
    assert NothingToGain().level(finding) is WarningLevel.red


def test_a_judge_that_accepts_everything_is_no_filter():
    finding = NothingToGain().find(evidence([[GOOD, LET_IN]] * 20))
    assert finding.value is None
    assert "labelled all texts the same" in finding.missing
    assert NothingToGain().level(finding) is WarningLevel.unknown
