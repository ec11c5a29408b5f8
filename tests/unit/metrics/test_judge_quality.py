import pytest
from pydantic import ValidationError

from backend.judges.exact_match import ExactMatch
from backend.judges.written_verdict import WrittenVerdict
from backend.metrics import Evidence, judge_quality
from backend.metrics.judge_quality import JudgeQuality
from backend.values import Verdict
from tests.groups import texts

ACCEPT, REJECT = Verdict.accept, Verdict.reject
# Truth by the known answer: 1 2 3 right, 4 5 6 wrong. The machine accepts 1 2 4, rejects 3 5, says nothing of 6.
GROUP = texts("7", "7", "7", "8", "8", "8", answer="7")
MACHINE = {i: (0.0, v) for i, v in enumerate([ACCEPT, ACCEPT, REJECT, ACCEPT, REJECT], start=1)} | {6: (None, None)}


def numbers(metric, evidence):
    return {value.name: (value.value, value.n) for value in metric.compute(evidence)}


def test_compares_with_the_verifier():
    figures = numbers(JudgeQuality(verifier=ExactMatch()), Evidence(round_groups=[GROUP], machine=MACHINE))
    assert figures["judge_accuracy"] == (0.6, 5)  # 1 2 5 of the five with a verdict
    assert figures["judge_precision"] == (pytest.approx(2 / 3), 3)  # 1 2 of 1 2 4
    assert figures["judge_recall"] == (pytest.approx(2 / 3), 3)  # 1 2 of 1 2 3
    assert figures["judge_unparsed"] == (pytest.approx(1 / 6), 6)
    assert figures["judge_accuracy_people"] == (None, 0)


def test_compares_with_blind_decisions_only():
    people = {1: ACCEPT, 3: ACCEPT, 4: REJECT, 5: REJECT, 6: ACCEPT}
    blind = {i: verdict for i, verdict in people.items() if i != 5}
    drawn = frozenset({1, 4, 5})
    evidence = Evidence(round_groups=[GROUP], machine=MACHINE, people=people, blind=blind, drawn=drawn)
    figures = numbers(JudgeQuality(), evidence)
    assert figures["judge_accuracy_people"] == (pytest.approx(1 / 3), 3)  # 1 agrees, 3 and 4 do not; 5 was not blind
    assert figures["judge_precision_people"] == (0.5, 2)  # of 1 and 4
    assert figures["judge_recall_people"] == (0.5, 2)  # of 1 and 3
    assert figures["judge_accuracy_people_random"] == (0.5, 2)  # 1 agrees, 4 does not; 3 was looked for
    assert "judge_accuracy" not in figures


def test_intervals_are_wilson():
    value = next(v for v in JudgeQuality(verifier=ExactMatch()).compute(Evidence([], [GROUP], MACHINE)) if v.n == 5)
    # 3 of 5: z2/n = 0.76829; middle (0.6 + 0.38415)/1.76829 = 0.55655;
    # half = 1.95996/1.76829 * sqrt(0.24/5 + 3.84146/100) = 1.10840 * 0.29397 = 0.32584.
    assert (value.low, value.high) == (pytest.approx(0.23071, abs=1e-4), pytest.approx(0.88239, abs=1e-4))


def test_of_too_many_prompts_it_is_kept_how_many_have_the_same_counts(monkeypatch):
    monkeypatch.setattr(judge_quality, "MOST_PROMPTS", 0)
    values = JudgeQuality(verifier=ExactMatch()).compute(Evidence([], [GROUP], MACHINE))
    accuracy = next(value for value in values if value.name == "judge_accuracy")
    assert accuracy.details == {"prompts_by_counts": [[3, 5, 1]]}


def test_nothing_judged_gives_no_numbers():
    assert {value for value, _ in numbers(JudgeQuality(verifier=ExactMatch()), Evidence()).values()} == {None}


def test_refuses_a_verifier_that_asks_a_model():
    with pytest.raises(ValidationError, match="asks a model"):
        JudgeQuality(verifier=WrittenVerdict())
