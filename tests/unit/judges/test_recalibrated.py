import pytest

from backend.judges.recalibrated import Recalibrated
from backend.values import Group
from tests.groups import prompt, sample

TEXT = sample(1, "a b x y")


def scored(*scores: float | None, answer: str | None = "a b c d", part: Recalibrated | None = None):
    """ROUGE-L of the text with the answer: 2 of 4 words in order on both sides, so 0.5."""
    judgments = tuple(sample(10 + n, "said", score=score) for n, score in enumerate(scores))
    group = Group(prompt(answer=answer), judgments, parent=TEXT)
    return [(judgment.sample_id, judgment.score) for judgment in (part or Recalibrated()).judge(None, [group], seed=0)]


def test_the_score_is_moved_by_the_similarity_to_the_known_answer():
    """0.5 on a scale from 1 to 10 is 5.5; the judgments' mean is 8: half of each is 6.75."""
    assert scored(7.0, 9.0) == [(1, 6.75)]
    assert scored(7.0, 9.0, part=Recalibrated(weight=0.2)) == [(1, 7.5)]
    assert scored(7.0, 9.0, part=Recalibrated(weight=0.0)) == [(1, 8.0)]


def test_judgments_without_a_score_do_not_count():
    assert scored(8.0, None) == [(1, 6.75)]
    assert scored(None) == [(1, None)]


def test_without_a_known_answer_there_is_no_score():
    assert scored(8.0, answer=None) == [(1, None)]
    assert Recalibrated().needs_answer
    assert Recalibrated().judges_parents


def test_the_scale_holds_the_threshold():
    with pytest.raises(ValueError, match="does not hold accept_at 6"):
        Recalibrated(highest=5)
