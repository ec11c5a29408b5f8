from backend.judges._compared import in_order
from backend.judges.sum_of_votes import SumOfVotes
from backend.values import Group, Sample, Verdict
from tests.groups import prompt, sample

TEXTS = tuple(in_order(1, [sample(1, "one"), sample(2, "two")]))
"""In the order in which they are shown."""
FIRST, SECOND = (completion.id for completion in TEXTS)


def votes(*reply: tuple[str, float | None], keep: float = 0.5) -> dict[int, tuple[float | None, Verdict | None]]:
    samples = tuple(Sample(10 + n, 1, text, position=n, score=score) for n, (text, score) in enumerate(reply))
    group = Group(prompt(), samples, parent=TEXTS[0], about=(sample(1, "one"), sample(2, "two")))
    judge = SumOfVotes(keep=keep)
    judgments = judge.judge(None, [group], seed=0)
    assert all(judgment.judge == "sum_of_votes" for judgment in judgments)
    return {judgment.sample_id: judge.label([judgment]) for judgment in judgments}


def test_all_votes_are_summed():
    """3 + 6 + 5 = 14 and 4 + 5 + 7 = 16."""
    result = votes(("Scores: 3, 4", None), ("Scores: 6, 5", None), ("Scores: 5, 7", None), keep=1.0)
    assert result == {FIRST: (14.0, Verdict.reject), SECOND: (16.0, Verdict.accept)}


def test_the_half_that_the_meta_scorer_puts_highest_is_summed():
    """Of four votes those of 0.9 and 0.4: 9 + 6 = 15 and 1 + 5 = 6."""
    result = votes(("Scores: 9, 1", 0.9), ("Scores: 1, 9", 0.1), ("Scores: 1, 9", -2.0), ("Scores: 6, 5", 0.4))
    assert result == {FIRST: (15.0, Verdict.accept), SECOND: (6.0, Verdict.reject)}


def test_votes_that_state_no_scores_or_that_nobody_rated_are_not_kept():
    """Half of three votes, rounded up, would be two: one can be read and is rated."""
    result = votes(("no scores", 5.0), ("Scores: 2, 3", None), ("Scores: 4, 4", 1.0))
    assert result == {FIRST: (4.0, Verdict.accept), SECOND: (4.0, Verdict.accept)}
    assert votes(("no scores", 5.0)) == {FIRST: (None, None), SECOND: (None, None)}


def test_it_judges_the_texts_that_a_question_shows():
    judge = SumOfVotes()
    assert (judge.judges_parents, judge.judges_siblings, judge.needs_all_groups) == (True, True, True)
    assert judge.judge(None, [Group(prompt(), (sample(3, "Scores: 1, 2"),))], seed=0) == []
    assert judge.label([]) == (None, None)
