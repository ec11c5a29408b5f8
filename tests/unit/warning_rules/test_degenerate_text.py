import pytest

from backend.values import WarningLevel
from backend.warning_rules.degenerate_text import DegenerateText, repetition
from tests.unit.warning_rules.seen import evidence, past

STUCK, FINE = "go on and on " * 4, "one two three four five six seven eight nine"


def test_repetition_is_the_share_of_runs_said_before():
    # 16 words have 13 runs of four, of which 4 differ.
    assert repetition(STUCK) == pytest.approx(1 - 4 / 13)
    assert repetition(FINE) == 0.0
    assert repetition("a b") == 0.0


def test_growth_is_told_in_deviations_of_the_first_round():
    first = DegenerateText().find(evidence([[{"text": FINE}]] * 40))
    assert (first.value, first.details) == (None, {"mean": 0.0, "deviation": 0.01})
    before = past("degenerate_text", {"mean": 0.1, "deviation": 0.1})
    finding = DegenerateText().find(evidence([[{"text": STUCK}, {"text": "short"}]] * 40, past=before))
    assert (finding.value, finding.n) == (pytest.approx((1 - 4 / 13 - 0.1) / 0.1), 40)
    assert DegenerateText().level(finding) is WarningLevel.red
    calm = DegenerateText().find(evidence([[{"text": FINE}]] * 40, past=before))
    assert DegenerateText().level(calm) is WarningLevel.green
