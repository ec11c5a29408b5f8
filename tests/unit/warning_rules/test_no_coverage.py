import pytest

from backend.values import WarningLevel
from backend.warning_rules.no_coverage import NoCoverage
from tests.unit.warning_rules.seen import evidence


def test_coverage_counts_prompts_without_an_accepted_text():
    none, one = [{"accepted": False}, {"accepted": False}], [{"accepted": True}, {"accepted": False}]
    found = NoCoverage().find(evidence([none] * 30 + [one] * 20 + [[{}]] * 5))
    # 30 of 50: 0.6, Wilson's interval 0.462 to 0.724.
    assert (found.value, found.n) == (0.6, 50)
    assert found.low == pytest.approx(0.4618, abs=1e-3)
    assert NoCoverage().level(found) is WarningLevel.red
    assert found.prompt_ids[:2] == (1, 2)
    assert NoCoverage().find(evidence([])).value is None
