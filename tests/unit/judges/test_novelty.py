"""Wang et al. 2022 (self-instruct), arXiv 2212.10560: ROUGE-L with every task of the pool is below 0.7."""

from dataclasses import replace

from backend.judges.novelty import Novelty
from backend.values import Verdict
from tests.groups import prompt, texts

# Of ten words: with 7 of them in order ROUGE-L is 14 / 20 = 0.7, with 6 it is 0.6.
POOL = ["a b c d e f g h i j"]
SEVEN, SIX = "a b c d e f g x y z", "a b c d e f u v w q"


def judged(*written: str, below: float = 0.7, pool=POOL) -> list[float | None]:
    return [judgment.score for judgment in Novelty(below=below).with_pool(pool).judge(None, [texts(*written)], seed=0)]


def test_a_text_is_new_below_the_limit_and_not_at_it():
    assert judged(SEVEN) == [0.0]
    assert judged(SIX) == [1.0]
    assert judged(SEVEN, below=0.71) == [1.0]


def test_of_two_that_are_alike_the_first_is_new_whatever_group_they_stand_in():
    groups = [texts("one two three four"), replace(texts("one two three five", "six seven"), prompt=prompt(id=2))]
    judgments = Novelty().with_pool(POOL).judge(None, groups, seed=0)
    assert [judgment.verdict for judgment in judgments] == [Verdict.accept, Verdict.reject, Verdict.accept]
    assert judgments[1].rationale == "ROUGE-L with the closest text is 0.75."


def test_what_is_not_new_is_compared_with_no_more():
    # The second is like the pool; the third is like the second alone.
    third = "x y z k l m n a b c d"
    assert judged(SIX, SEVEN, third, below=0.65) == [1.0, 0.0, 1.0]


def test_a_text_without_words_is_not_new():
    assert judged("...", "") == [0.0, 0.0]


def test_it_has_to_see_all_texts_and_the_pool():
    assert (Novelty().needs_all_groups, Novelty().needs_pool, Novelty().needs_engine) == (True, True, False)
    assert Novelty().with_pool(POOL) is not Novelty()
    assert Novelty.load(Novelty(below=0.5).dump()).below == 0.5
