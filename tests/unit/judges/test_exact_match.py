import pytest
from pydantic import ValidationError

from backend.judges.exact_match import ExactMatch
from backend.judges.majority_vote import MajorityVote
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.values import Verdict
from tests.groups import texts


def scores(judge, group):
    return [j.score for j in judge.judge(None, [group], seed=1)]


def test_compares_the_final_answer_with_the_known_one():
    group = texts("so\n#### 1,000", "#### 999", "The answer is 1000.0.", "1000 I think", answer="1000")
    assert scores(ExactMatch(), group) == [1.0, 0.0, 1.0, 1.0]


def test_known_answer_may_be_a_whole_solution():
    assert scores(ExactMatch(), texts("72", "71", answer="48+24 = <<48+24=72>>72\n#### 72")) == [1.0, 0.0]


def test_an_answer_that_cannot_be_read_has_no_score():
    judgment = ExactMatch(pattern=r"= (\d+)").judge(None, [texts("none here", answer="4")], seed=1)[0]
    assert (judgment.score, judgment.verdict) == (None, None)
    assert judgment.rationale == "No answer could be read in the sample."


def test_prompt_without_a_known_answer_gives_no_score():
    judgment = ExactMatch().judge(None, [texts("4")], seed=1)[0]
    assert (judgment.score, judgment.verdict) == (None, None)
    assert "no known answer" in judgment.rationale


def test_numbers_by_value_only_when_asked():
    assert scores(ExactMatch(numbers=False), texts("1.0", "1", answer="1")) == [0.0, 1.0]


def test_only_a_judge_that_compares_needs_answers():
    assert ExactMatch().needs_answer
    assert not MajorityVote().needs_answer
    assert HeldOutAccuracy().needs_answer
    assert not HeldOutAccuracy(verifier=MajorityVote()).needs_answer


def test_needs_no_engine_and_labels_by_the_score():
    judge = ExactMatch()
    judgments = judge.judge(None, [texts("4", answer="4")], seed=1)
    assert judge.label(judgments) == (1.0, Verdict.accept)
    assert (judge.needs_engine, judge.calls_per_sample) == (False, 0)


def test_refuses_a_broken_pattern():
    with pytest.raises(ValidationError):
        ExactMatch(pattern="(")
