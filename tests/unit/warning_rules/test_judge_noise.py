from backend.values import WarningLevel
from backend.warning_rules.judge_noise import JudgeNoise
from tests.groups import sample
from tests.unit.warning_rules.seen import evidence


def pairs(*gaps: float):
    return [(sample(2 * n + 1, score=5.0), sample(2 * n + 2, score=5.0 - gap)) for n, gap in enumerate(gaps)]


def test_pairs_within_the_deviation_of_the_votes():
    # Votes 3 and 5 have the variance 2, votes 4 and 4 none: pooled 1, its root 1. Gaps of 0.5 are within.
    votes = {1: (3.0, 5.0), 2: (4.0, 4.0)}
    finding = JudgeNoise().find(evidence([], pairs=pairs(*[0.5] * 24, *[2.0] * 16), votes=votes))
    assert (finding.value, finding.n) == (0.6, 40)
    assert JudgeNoise().level(finding) is WarningLevel.red


def test_one_vote_has_no_noise():
    finding = JudgeNoise().find(evidence([], pairs=pairs(*[0.5] * 40)))
    assert finding.value is None
    assert "votes to 2" in finding.missing
