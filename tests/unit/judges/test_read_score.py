import pytest
from pydantic import ValidationError

from backend.judges.read_score import ReadScore
from backend.values import Group, Verdict
from tests.groups import prompt, sample, texts


def test_reads_the_score_at_the_end_of_a_judgment():
    group = texts("It is good.\nScore: 5", "It lacks much.\nScore: 2", "I cannot say.", "Score: 9")
    judgments = ReadScore().judge(None, [group], seed=0)
    assert [j.score for j in judgments] == [5.0, 2.0, None, None]
    assert [j.verdict for j in judgments] == [Verdict.accept, Verdict.reject, None, None]
    assert judgments[2].rationale == "The text states no clear score."


def test_a_judgment_that_was_cut_off_states_none():
    group = Group(prompt(), (sample(1, "Score: 1", finish_reason="length"),))
    assert ReadScore().judge(None, [group], seed=0)[0].score is None


def test_another_scale():
    assert ReadScore(lowest=1, highest=10, accept_at=7).judge(None, [texts("Score: 9")], seed=0)[0].score == 9.0
    with pytest.raises(ValidationError, match="does not hold accept_at"):
        ReadScore(highest=3)
