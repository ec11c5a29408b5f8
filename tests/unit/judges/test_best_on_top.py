import pytest

from backend.judges._compared import answer_of, in_order, known, scores_in
from backend.judges.best_on_top import BestOnTop
from backend.values import Group
from tests.groups import prompt, sample


def scores(answer: str | None, *texts: str, **changes) -> list[float | None]:
    group = Group(prompt(answer=answer), tuple(sample(n, text, **changes) for n, text in enumerate(texts, 1)))
    return [judgment.score for judgment in BestOnTop().judge(None, [group], seed=0)]


def test_the_known_best_has_to_be_strictly_on_top():
    """Liu et al. 2025: +1 where its score is above all others, else -1; the second of three is the best."""
    assert scores("2 of 3", "Scores: 4, 7, 6", "Scores: 4, 7, 7", "Scores: 9, 7, 1") == [1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I like the second best.",
        "Scores: 4, 7",
        "Scores: 4, 7, 6, 1",
        "Scores: 4, 11, 6",
        "Scores: 4, 7.5, 6",
        "<think>Scores: 4, 7, 6</think>",
        "Scores: 4, 7, 6\nScores: 7, 4, 6",
        "Scores: 0, 7, 6",
    ],
)
def test_what_states_no_score_for_each_does_not_put_it_on_top(text):
    assert scores("2 of 3", text) == [-1.0]


@pytest.mark.parametrize(
    "text", ["Scores: 4, 7, 6", "**Scores:** 4, 7, 6", "scores: [4, 7, 6]", "Scores: 9, 1, 1\nno:\nScores: 4, 7, 6."]
)
def test_scores_are_read_on_the_last_line_of_them(text):
    assert scores_in(sample(1, text), 3) == [4, 7, 6]
    assert scores_in(sample(1, text, finish_reason="length"), 3) is None


def test_where_the_best_is_not_known_there_is_no_score():
    assert scores(None, "Scores: 1, 2") == [None]
    assert scores("4", "Scores: 1, 2") == [None]
    assert known(answer_of(2, 3)) == (2, 3)
    assert BestOnTop().needs_answer


def test_the_order_follows_from_the_texts_and_not_from_their_places():
    texts = [sample(n, f"text {n}") for n in range(1, 9)]
    shown = [completion.text for completion in in_order(1, texts)]
    assert shown != sorted(shown)
    assert [completion.text for completion in in_order(1, texts[::-1])] == shown
    assert [completion.text for completion in in_order(2, texts)] != shown
    assert in_order(1, [sample(1, kind="edit")]) == []
