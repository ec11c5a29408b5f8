from backend.mixers.best_of_duplicates import BestOfDuplicates
from backend.values import Group, Past, Verdict
from tests.groups import by_person, prompt, sample
from tests.unit.mixers.training_rows import ids, row

GROUPS = [
    Group(
        prompt(id=1), (sample(1, score=0.2), sample(2, score=0.9), sample(3), by_person(4, Verdict.accept, score=0.1))
    )
]


def kept(*rows, alike: float = 1.0) -> tuple[list, dict]:
    mixture = BestOfDuplicates(alike=alike).mix(rows, GROUPS, Past(), seed=0)
    return ids(mixture.rows), mixture.dropped


def test_the_highest_score_stays_and_rows_keep_their_order():
    assert kept(row(3, "Four."), row(1, "four."), row(5, "Five."), row(2, "FOUR.")) == ([5, 2], {"duplicate row": 2})


def test_what_a_person_accepted_is_above_every_score_and_of_equals_the_first_stays():
    assert kept(row(2, "a"), row(4, "a"))[0] == [4]
    assert kept(row(3, "a"), row(3, "a"))[1] == {"duplicate row": 1}


def test_nearly_equal_rows_go_where_that_is_asked():
    # 9 of 10 words in the same order, with the question: ROUGE-L 2 * 9 / 20 = 0.9.
    near = [row(1, "a b c d e f g h i"), row(2, "a b c d x f g h i")]
    assert kept(*near)[0] == [1, 2]
    assert kept(*near, alike=0.9) == ([2], {"nearly the same row": 1})


def test_a_known_answer_is_above_all_and_a_sample_of_another_round_below_all():
    assert kept(row(77, "a"), row(3, "a"), row(2, "b"), row(78, "b"))[0] == [3, 2]
    assert kept(row(2, "a"), row(None, "a"))[0] == [None]
