from backend.values import WarningLevel
from backend.warning_rules.pairs_drift import PairsDrift
from tests.groups import sample
from tests.unit.warning_rules.seen import evidence, past


def pairs(*gaps: float):
    return [(sample(2 * n + 1, score=5.0), sample(2 * n + 2, score=5.0 - gap)) for n, gap in enumerate(gaps)]


def test_the_gap_within_pairs_against_the_first_rounds():
    first = {"gap": 4.0, "judge": "j"}
    finding = PairsDrift().find(
        evidence([], pairs=pairs(*[1.0] * 20, *[2.0] * 20), judge="j", past=past("pairs_drift", first))
    )
    # (20 + 40) / 40 = 1.5, over 4.
    assert (finding.value, finding.n, finding.details["gap"]) == (0.375, 40, 1.5)
    assert finding.high is not None
    assert finding.high < 0.5
    assert PairsDrift().level(finding) is WarningLevel.red
    assert finding.sample_ids[0] == 1, "the closest pair first"


def test_another_judge_is_not_compared_with():
    warning_evidence = evidence(
        [], pairs=pairs(*[1.0] * 40), judge="new", past=past("pairs_drift", {"gap": 4.0, "judge": "j"})
    )
    assert "judged in the same way" in PairsDrift().find(warning_evidence).missing
