import pytest

from backend.values import WarningLevel
from backend.warning_rules.confident_and_wrong import ConfidentAndWrong
from tests.unit.warning_rules.seen import evidence


def text(score: float, right: bool) -> dict:
    return {"score": score, "right": right, "accepted": score >= 0.5}


def test_the_calibration_error_is_the_distance_of_score_and_share_right():
    # At 0.95 half are right: 0.45. At 0.25 a quarter: 0. At 0.55 half: 0.05. Weights 4, 4, 2 of 10.
    group = (
        [text(0.95, n < 2) for n in range(4)]
        + [text(0.25, n < 1) for n in range(4)]
        + [text(0.55, n < 1) for n in range(2)]
    )
    finding = ConfidentAndWrong().find(evidence([group] * 10))
    assert finding.value == pytest.approx(0.4 * 0.45 + 0.2 * 0.05)
    assert ConfidentAndWrong().level(finding) is WarningLevel.red
    assert finding.sample_ids[:2] == (3, 4), "the most confident wrong ones"


def test_scores_that_are_no_probabilities_are_not_told():
    finding = ConfidentAndWrong().find(evidence([[text(5.0, True), text(1.0, False)]] * 20))
    assert (finding.value, finding.missing) == (
        None,
        "The judge's scores are no probabilities of three values or more.",
    )


def test_a_score_that_is_no_number_is_left_out():
    group = [text(0.95, True), text(0.05, False), text(0.55, True), text(float("nan"), True)]
    assert ConfidentAndWrong().find(evidence([group] * 40)).n == 120


def test_few_texts_are_not_enough():
    group = [text(0.95, True), text(0.05, False), text(0.55, True)]
    assert ConfidentAndWrong().find(evidence([group] * 33)).value is None
