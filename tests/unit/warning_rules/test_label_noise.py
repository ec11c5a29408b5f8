import pytest

from backend.values import WarningLevel
from backend.warning_rules.label_noise import LabelNoise
from tests.unit.warning_rules.seen import evidence

GOOD, MISSED = {"right": True, "accepted": True}, {"right": True, "accepted": False}
BAD, LET_IN = {"right": False, "accepted": False}, {"right": False, "accepted": True}


def test_label_noise_is_the_share_of_wrong_verdicts():
    finding = LabelNoise().find(evidence([[GOOD, BAD, MISSED, LET_IN]] * 25))
    # 50 of 100: Wilson's interval 0.404 to 0.596.
    assert (finding.value, finding.n) == (0.5, 100)
    assert finding.low == pytest.approx(0.4038, abs=1e-4)
    assert finding.sample_ids[:3] == (3, 4, 7)
    assert LabelNoise().level(finding) is WarningLevel.red


def test_noise_within_chance_of_the_limit_is_no_alarm():
    # 2 of 40: 0.05, and 0.0138 to 0.165.
    finding = LabelNoise().find(evidence([[GOOD, BAD]] * 19 + [[MISSED, LET_IN]]))
    assert LabelNoise().level(finding) is WarningLevel.green


def test_without_known_answers_it_is_not_known():
    finding = LabelNoise().find(evidence([[{"accepted": True}]] * 40))
    assert (finding.value, finding.low) == (None, None)
    assert "known answers" in finding.missing
