from dataclasses import replace

import pytest

from backend.judges.from_children import FromChildren
from backend.values import Group, Verdict
from tests.groups import prompt, sample

PARENT, OTHER = sample(1, "answer"), sample(2, "another")


def about(parent, *scores, cut=None, start=10):
    """A question about a text with samples of these scores; 1 and above is accepted."""
    samples = tuple(
        sample(start + n, score=s, verdict=None if s is None else Verdict.accept if s >= 1 else Verdict.reject)
        for n, s in enumerate(scores)
    )
    return Group(prompt(), samples, parent=parent, cut=cut)


def values(by, *groups, **knobs):
    judgments = FromChildren(by=by, **knobs).judge(None, list(groups), seed=0)
    return [(judgment.sample_id, judgment.score) for judgment in judgments]


@pytest.mark.parametrize(
    ("by", "first", "second"),
    [("mean", 1.5, 0.0), ("rate", 0.75, 0.0), ("one_minus_rate", 0.25, 0.0), ("gap", 4.0, 0.0)],
)
def test_a_parent_has_the_value_of_its_children(by, first, second):
    # Scores 0, 1, 1, 4: mean 6/4, accepted 3 of 4, range 4. Scores 0, 0: rate 0 is neither easy nor learnable.
    assert values(by, about(PARENT, 0, 1, 1, 4), about(OTHER, 0, 0)) == [(1, first), (2, second)]


def test_a_task_that_is_always_solved_is_worth_nothing():
    assert values("one_minus_rate", about(PARENT, 1, 1)) == [(1, 0.0)]


def test_children_without_a_word_do_not_count_and_without_any_there_is_no_score():
    assert values("mean", about(PARENT, 4, None), about(OTHER, None)) == [(1, 4.0), (2, None)]
    assert values("rate", about(PARENT, 1, None)) == [(1, 1.0)]


def test_several_questions_about_one_text_are_put_together():
    assert values("mean", about(PARENT, 1), about(PARENT, 4, start=20)) == [(1, 2.5)]


def test_values_of_two_cuts_of_one_text_stay_apart():
    judgments = FromChildren(by="rate").judge(None, [about(PARENT, 0, cut=9), about(PARENT, 1, cut=4)], seed=0)
    assert [(j.sample_id, j.position, j.score) for j in judgments] == [(1, 0, 1.0), (1, 1, 0.0)]
    assert "after 4 characters" in judgments[0].rationale


def test_questions_about_no_text_give_no_judgment():
    assert values("mean", replace(about(PARENT, 3), parent=None)) == []


def test_the_verdict_follows_accept_at():
    judgments = FromChildren(by="mean", accept_at=4.0).judge(None, [about(PARENT, 4, 4), about(OTHER, 3, 4)], seed=0)
    assert [j.verdict for j in judgments] == [Verdict.accept, Verdict.reject]
