import pytest

from backend.values import WarningLevel
from backend.warning_rules.no_coverage import NoCoverage
from tests.unit.warning_rules.seen import evidence


def test_coverage_counts_prompts_without_an_accepted_text():
    none, fields = [{"accepted": False}, {"accepted": False}], [{"accepted": True}, {"accepted": False}]
    finding = NoCoverage().find(evidence([none] * 30 + [fields] * 20 + [[{}]] * 5))
    # 30 of 50: 0.6, Wilson's interval 0.462 to 0.724.
    assert (finding.value, finding.n) == (0.6, 50)
    assert finding.low == pytest.approx(0.4618, abs=1e-3)
    assert NoCoverage().level(finding) is WarningLevel.red
    assert finding.prompt_ids[:2] == (1, 2)
    assert NoCoverage().find(evidence([])).value is None
