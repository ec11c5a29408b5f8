from backend.judges.consensus import Consensus
from backend.values import Group, Verdict
from tests.groups import prompt, sample

FIRST = (sample(1, "#### 4"), sample(2, "#### 5"), sample(3, "#### 4.0"), sample(4, "#### 4", finish_reason="length"))


def judged(*last: str) -> dict[int, tuple[float | None, Verdict | None]]:
    texts = tuple(sample(10 + n, text) for n, text in enumerate(last))
    group = Group(prompt("debate"), texts, parent=FIRST[0], about=FIRST)
    return {
        judgment.sample_id: (judgment.score, judgment.verdict)
        for judgment in Consensus(accept_at=0.5).judge(None, [group], seed=0)
    }


def test_first_answers_are_judged_by_the_majority_of_the_last_ones():
    assert judged("#### 5", "#### 4", "so #### 4") == {
        1: (1.0, Verdict.accept),
        2: (0.0, Verdict.reject),
        3: (1.0, Verdict.accept),
        4: (0.0, Verdict.reject),  # it was cut off, so that it has not given its answer yet
    }


def test_first_answers_do_not_vote_again():
    # Three of the four first answers are 4, but the debate ended with 5.
    assert judged("#### 5", "#### 5", "#### 4")[2] == (1.0, Verdict.accept)


def test_without_a_majority_there_is_no_score():
    assert set(judged("#### 4", "#### 5").values()) == {(None, None)}


def test_it_judges_all_texts_beside_the_parent():
    judge = Consensus()
    assert (judge.judges_parents, judge.judges_siblings, judge.needs_engine) == (True, True, False)
