from backend.judges.countdown import Countdown
from backend.values import Group, Verdict
from tests.groups import prompt, sample


def test_checks_the_expression():
    # 3*7+5 = 26; 3+5+7 = 15; 5*5+1 = 26 with other digits; the last is no expression.
    samples = tuple(sample(n, text) for n, text in enumerate(["3*7+5", "3+5+7", "5*5+1", "twenty-six"], start=1))
    judgments = Countdown().judge(None, [Group(prompt("3 5 7 = 26"), samples)], seed=1)
    assert [j.score for j in judgments] == [1.0, 0.0, 0.0, 0.0]
    assert judgments[0].verdict is Verdict.accept
    assert judgments[0].rationale == "3 5 7;21+5=26;Y"
