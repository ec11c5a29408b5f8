from backend.values import MetricValue, WarningLevel
from backend.warning_rules.balance_lost import BalanceLost
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
