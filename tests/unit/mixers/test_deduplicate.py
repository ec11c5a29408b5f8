from backend.mixers.deduplicate import Deduplicate
from backend.values import Past
from tests.unit.mixers.training_rows import ids, row


def kept(*rows, alike: float = 1.0) -> tuple[list, dict]:
    mixture = Deduplicate(alike=alike).mix(rows, (), Past(), seed=0)
    return ids(mixture.rows), mixture.dropped


def test_of_rows_with_the_same_prompt_and_text_the_first_stays():
    same = [row(1, "It is four."), row(2, "it  is FOUR.", prompt=2), row(3, "It is five.")]
    assert kept(*same) == ([1, 3], {"duplicate row": 1})


def test_the_same_answer_to_another_question_is_another_row():
    assert kept(row(1, "4", asked="2 + 2"), row(2, "4", asked="1 + 3")) == ([1, 2], {})


def test_another_label_or_rejected_text_is_another_row():
    assert kept(row(1, "a", label=True), row(2, "a", label=False))[0] == [1, 2]
    assert kept(row(1, "a", rejected="b"), row(2, "a", rejected="c"))[0] == [1, 2]


def test_nearly_equal_rows_go_where_that_is_asked():
    # 9 of 10 words in the same order, with the question: ROUGE-L 2 * 9 / 20 = 0.9.
    near = [row(1, "a b c d e f g h i"), row(2, "a b c d x f g h i")]
    assert kept(*near) == ([1, 2], {})
    assert kept(*near, alike=0.9) == ([1], {"nearly the same row": 1})
    assert kept(*near, alike=0.91) == ([1, 2], {})


def test_rows_with_other_numbers_are_never_nearly_equal():
    sums = [row(1, "4", asked="what is the sum of 2 and 2"), row(2, "5", asked="what is the sum of 2 and 3")]
    assert kept(*sums, alike=0.5) == ([1, 2], {})
