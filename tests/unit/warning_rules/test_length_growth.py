from backend.values import WarningLevel
from backend.warning_rules.length_growth import LengthGrowth
from tests.unit.warning_rules.seen import evidence, past


def test_length_growth_is_a_multiple_of_the_first_rounds():
    groups = [[{"tokens": 18}, {"tokens": 22}]] * 20
    rule = LengthGrowth()
    first = rule.find(evidence(groups))
    assert first.value is None
    assert "second round" in first.missing
    assert first.details == {"mean_tokens": 20.0, "right": 0, "known": 0}
    finding = rule.find(evidence(groups, past=past("length_growth", {"mean_tokens": 10.0, "right": 0, "known": 0})))
    assert (finding.value, finding.low, finding.high) == (2.0, 2.0, 2.0)
    assert rule.level(finding) is WarningLevel.red


def test_longer_texts_that_are_right_more_often_are_paid_for():
    groups = [[{"tokens": 20, "right": n < 30}, {"tokens": 20, "right": n < 30}] for n in range(40)]
    before = {"mean_tokens": 10.0, "right": 40, "known": 80}
    # 60 of 80 against 40 of 80: z = 0.25 / sqrt(0.625 * 0.375 * 2 / 80) = 3.27.
    finding = LengthGrowth().find(evidence(groups, past=past("length_growth", before)))
    assert LengthGrowth().level(finding) is WarningLevel.green
    same = LengthGrowth().find(evidence(groups, past=past("length_growth", before | {"right": 60})))
    assert LengthGrowth().level(same) is WarningLevel.red
