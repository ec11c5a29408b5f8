import math

import pytest
from pydantic import ValidationError

from backend.engines import Ability
from backend.engines.scripted import ReplyRule, ScoreRule, Scripted
from backend.errors import MissingPrerequisite
from backend.judges.yes_no_check import YesNoCheck, share
from backend.values import FailureKind, Verdict
from tests.groups import texts

CHANCES = YesNoCheck(by="probability")


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("Yes", 1.0),
        ("no.", 0.0),
        ("**YES**", 1.0),
        ("2 + 3 is 5, no more.\n\nYes.", 1.0),
        ("Yes\nno, wait\nNo", 0.0),
        ("Yes\nNo\nor so", None),  # they differ, and something follows
        ("Yes, it is right", None),
        ("There is no error", None),
        ("<think>Yes</think>\nNo", 0.0),
        ("", None),
    ],
)
def test_a_verdict_is_a_line_of_its_own(reply, score):
    assert YesNoCheck().parse(reply, is_complete=True).score == score


def test_a_reply_that_was_cut_off_says_neither():
    assert YesNoCheck().parse("Yes", is_complete=False).score is None


def test_votes_are_averaged_and_those_that_say_neither_do_not_count():
    """5 votes: three yes, one no, one neither; 3 of 4."""
    judge = YesNoCheck()
    engine = Scripted(replies=("Yes", "Yes", "Yes", "No", "hm"))
    engine = Scripted(rules=(ReplyRule(pattern="right", reply=engine.replies),))
    for seed in range(40):
        judgments = judge.judge(engine, [texts("2")], seed=seed)
        known = [j.score for j in judgments if j.score is not None]
        label = judge.label(judgments)
        assert len(judgments) == 5
        assert label[0] == (pytest.approx(sum(known) / len(known)) if known else None)
    assert judge.calls_per_sample == 5
    assert judge.asks_for is Ability.complete


def test_the_probability_of_yes_against_no():
    """p(Yes) = 0.6, p(No) = 0.2: 0.75. Another sample: 0.05 against 0.45, so 0.1."""
    numbers = {"good\nANSWER>>>(.|\n)*\nYes$": 0.6, "good\nANSWER>>>(.|\n)*\nNo$": 0.2, "\nYes$": 0.05, "\nNo$": 0.45}
    engine = Scripted(likelihoods=tuple(ScoreRule(pattern=p, number=math.log(n)) for p, n in numbers.items()))
    good, bad = CHANCES.judge(engine, [texts("good", "bad")], seed=1)
    assert (good.score, good.verdict) == (pytest.approx(0.75), Verdict.accept)
    assert (bad.score, bad.verdict) == (pytest.approx(0.1), Verdict.reject)
    assert good.rationale == "p(Yes) = 0.6; p(No) = 0.2"
    assert good.template_hash == CHANCES.template_hash
    assert (CHANCES.asks_for, CHANCES.calls_per_sample, CHANCES.max_tokens_per_call) == (Ability.weigh, 2, 0)


def test_tiny_probabilities_have_a_share():
    assert share(-2000.0, -2000.0 + math.log(3)) == pytest.approx(0.25)
    assert share(-5000.0, -1.0) == 0.0


def test_what_cannot_be_read_is_left_out():
    (judgment,) = CHANCES.judge(Scripted(max_length=3), [texts("good")], seed=1)
    assert judgment.score is None
    assert judgment.failure is not None
    assert judgment.failure.kind is FailureKind.context
    with pytest.raises(MissingPrerequisite, match="none is bound"):
        CHANCES.judge(None, [texts("good")], seed=1)
    with pytest.raises(ValidationError, match="The word is empty"):
        YesNoCheck(yes=" ")
