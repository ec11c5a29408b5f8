import math

import pytest

from backend.values import MetricValue, WarningLevel
from backend.warning_rules.label_free_metric import LabelFreeMetric
from tests.unit.warning_rules.seen import evidence, past


def measured(accepted: float, accuracy: float, *before: tuple[float, float], by: str = "same"):
    """A round of a thousand texts of which this share is accepted, and its checkpoint's accuracy; and those above."""
    above = [{"accepted": near(a), "accuracy": near(b), "measured_by": ["judge", "same"]} for a, b in before]
    groups = [[{"accepted": n < 1000 * accepted}] for n in range(1000)]
    value = MetricValue("held_out_accuracy", accuracy, *near(accuracy)[1:], n=100, details={"measured_by": by})
    other = MetricValue("held_out_accuracy", 0.99, 0.98, 1.0, n=100)
    past_ = past("label_free_metric", *above)
    start, fields = {"held_out_accuracy": value}, {"held_out_accuracy": other}
    return evidence(groups, start=start, trained=fields, judge="judge", past=past_)


def near(value: float) -> list[float]:
    return [value, value - 0.03, value + 0.03]


RISING = [(n / 10, n / 20) for n in range(1, 8)]
FALLING = [(n / 10, 1 - n / 20) for n in range(1, 8)]


def test_a_share_that_grows_while_accuracy_falls_is_not_to_be_trusted():
    rule = LabelFreeMetric()
    finding = rule.find(measured(0.8, 0.5, *FALLING))
    assert (finding.value, finding.n, rule.level(finding)) == (-1.0, 100, WarningLevel.red)


def test_a_share_that_follows_or_half_follows_the_accuracy_of_what_wrote_the_texts_is_green():
    rule = LabelFreeMetric()
    assert rule.level(rule.find(measured(0.8, 0.5, *RISING))) is WarningLevel.green
    # Ranks 1 to 8 against 4 3 2 1 6 5 8 7.
    shuffled = [(n / 10, rank / 20) for n, rank in zip(range(1, 8), (4, 3, 2, 1, 6, 5, 8), strict=True)]
    finding = rule.find(measured(0.8, 7 / 20, *shuffled))
    # Squared differences 9 + 1 + 1 + 9 + 1 + 1 + 1 + 1 = 24: 1 - 6 * 24 / (8 * 63).
    assert finding.value == pytest.approx(1 - 144 / 504)
    half = 1.96 * math.sqrt((1 + finding.value**2 / 2) / 5)
    assert finding.low == pytest.approx(math.tanh(math.atanh(finding.value) - half))
    worse = rule.find(measured(0.8, 3.5 / 20, *shuffled))
    assert (rule.level(worse), worse.value < 0.7) == (WarningLevel.green, True), "by chance it may be above 0.7"


def test_fewer_rounds_and_rounds_that_were_measured_otherwise_do_not_count():
    rule = LabelFreeMetric()
    few = rule.find(measured(0.8, 0.5, *FALLING[1:]))
    assert few.missing.startswith("7 rounds of the line")
    assert few.details["accuracy"] == [0.5, 0.47, 0.53]
    assert rule.find(measured(0.8, 0.5, *FALLING, by="other")).missing.startswith("1 rounds")


def test_what_moves_by_chance_alone_has_no_ranks():
    rule = LabelFreeMetric()
    still = rule.find(measured(0.8, 0.5, *[(a, 0.5 + a / 20) for a, _ in FALLING]))
    assert still.missing == "The held-out accuracy did not change beyond chance in these rounds."
    flat = rule.find(measured(0.5, 0.5, *[(0.5 + n / 500, b) for n, (_, b) in enumerate(FALLING)]))
    assert flat.missing == "The accepted share did not change beyond chance in these rounds."
