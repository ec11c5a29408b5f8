from backend.values import MetricValue, WarningLevel
from backend.warning_rules.balance_lost import BalanceLost
from backend.warning_rules.correction_breaks import CorrectionBreaks
from tests.unit.warning_rules.seen import evidence, past


def finding(score: float, *before: dict):
    metric = MetricValue("balance_score", score, score - 0.05, score + 0.05, 40)
    return BalanceLost().find(evidence([], of_round={"balance_score": metric}, past=past("balance_lost", *before)))


def test_balance_is_held_against_the_best_of_the_line():
    assert finding(0.8).missing == "It is known from the second round of a line on."
    second = finding(0.4, {"score": 0.8})
    assert (second.value, second.high) == (0.5, 0.45 / 0.8)
    assert BalanceLost().level(second) is WarningLevel.amber
    assert BalanceLost().level(finding(0.4, {"score": 0.8}, second.details)) is WarningLevel.red
    # 0.6 / 0.8 = 0.75 is below 0.8, and its interval, which ends at 0.8125, is not.
    assert BalanceLost().level(finding(0.6, {"score": 0.8}, second.details)) is WarningLevel.green


def test_where_its_metric_is_missing_it_says_so_and_not_that_nothing_was_kept():
    kept = evidence([[{"accepted": True}]] * 40, kept=frozenset(range(1, 41)))
    for rule, metric in ((BalanceLost(), "balance_score"), (CorrectionBreaks(), "correction_flips")):
        missing = rule.find(kept).missing
        assert missing.startswith(f"The metric {metric} is not known of this round. Put the metric {metric} into")
