import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.judges.majority_vote import MajorityVote
from backend.values import Verdict
from tests.groups import texts

ACCEPT, REJECT = Verdict.accept, Verdict.reject


def verdicts(judge, group):
    return [(j.score, j.verdict) for j in judge.judge(None, [group], seed=1)]


def test_score_is_the_share_of_votes():
    # Answers 4, 4, 4.0, 5: V(4) = 3, V(5) = 1, k = 4.
    group = texts("#### 4", "it is 4\n4", "#### 4.0", "#### 5")
    assert verdicts(MajorityVote(), group) == [(0.75, ACCEPT)] * 3 + [(0.25, REJECT)]


def test_unread_answers_count_in_k_but_never_as_an_answer():
    # k = 5, V(4) = 2, V(5) = 1; two samples give no answer: they have no score and do not make a majority.
    group = texts("= 4", "= 4", "= 5", "none", "none")
    judge = MajorityVote(pattern=r"= (\d)", accept_at=0.4)
    assert verdicts(judge, group) == [(0.4, ACCEPT), (0.4, ACCEPT), (0.2, REJECT), (None, None), (None, None)]


def test_tie_for_the_top_accepts_nothing():
    group = texts("4", "4", "5", "5")
    assert verdicts(MajorityVote(), group) == [(0.5, REJECT)] * 4


def test_top_answer_below_the_threshold_is_not_accepted():
    assert (
        verdicts(MajorityVote(accept_at=0.6), texts("4", "4", "5", "6")) == [(0.5, REJECT)] * 2 + [(0.25, REJECT)] * 2
    )


def test_label_keeps_the_tie():
    judge = MajorityVote()
    judgments = judge.judge(None, [texts("4", "4", "5", "5")], seed=1)
    assert judge.label(judgments[:1]) == (0.5, REJECT)  # the mean alone would say accept
    assert judge.label([]) == (None, None)


def test_only_the_first_samples_vote_when_told():
    # Voters 4, 4, 5: k = 3. The extra 6 and 4 do not vote: V(6) = 0, V(4) stays 2.
    result = verdicts(MajorityVote(voters=3), texts("4", "4", "5", "6", "4"))
    assert result == [(2 / 3, ACCEPT), (2 / 3, ACCEPT), (1 / 3, REJECT), (0.0, REJECT), (2 / 3, ACCEPT)]


def test_sample_that_was_cut_off_has_no_answer():
    assert verdicts(MajorityVote(), texts("4", "4", finish_reason="length")) == [(None, None)] * 2


def test_too_few_votes_give_no_score():
    judgment = MajorityVote().judge(None, [texts("4")], seed=1)[0]
    assert (judgment.score, judgment.rationale) == (None, "1 votes, 2 needed.")


def test_group_without_any_answer_has_no_scores():
    assert verdicts(MajorityVote(pattern=r"= (\d)"), texts("a", "b")) == [(None, None)] * 2


@given(st.lists(st.sampled_from(["1", "2", "3"]), min_size=2, max_size=12))
def test_shares_of_the_different_answers_sum_to_one(written):
    judgments = MajorityVote().judge(None, [texts(*written)], seed=1)
    shares = {text: j.score for text, j in zip(written, judgments, strict=True)}
    assert sum(shares.values()) == pytest.approx(1)


def test_refuses_a_broken_pattern():
    with pytest.raises(ValidationError):
        MajorityVote(pattern="(")
