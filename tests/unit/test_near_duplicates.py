"""Sets of texts that are nearly the same."""

from backend.near_duplicates import NearDuplicateSets, alike

LONG = "the quick brown fox jumps over the lazy dog and then it runs back home to sleep all day"


def firsts(*texts: tuple[str, int]) -> list[int]:
    sets = NearDuplicateSets()
    for text, asked in texts:
        sets.add(text, asked)
    return [sets.first(number) for number in range(len(sets))]


def test_texts_that_share_most_triples_are_one_set_whatever_they_answer() -> None:
    # LONG has 19 words, so 17 triples; one more word at the end shares 17 of 18, another first word 16 of 18.
    assert firsts((LONG, 1), ("other words that have nothing to do with it", 1), (LONG + " long", 2)) == [0, 1, 0]
    assert firsts((LONG, 1), (LONG.replace("the quick", "a quick", 1), 1)) == [0, 0]
    # Two changed words in the middle change 6 triples: 11 of 23.
    assert firsts((LONG, 1), (LONG.replace("dog", "cat").replace("home", "away"), 1)) == [0, 1]


def test_a_set_goes_from_text_to_text() -> None:
    steps = [" ".join(LONG.split()[cut:]) for cut in (0, 1, 2, 3, 4, 5)]
    assert firsts(*((text, 1) for text in steps)) == [0] * 6


def test_other_numbers_make_another_text_and_short_ones_are_alike_only_for_the_same_question() -> None:
    told = "so in the end there are {} apples in the basket of the old man"
    assert firsts((told.format(3), 1), (told.format(4), 1)) == [0, 1]
    assert firsts(("Yes.", 1), ("yes.", 1), ("Yes.", 2)) == [0, 0, 2]


def test_likeness_of_sketches() -> None:
    assert alike([1, 2, 3], [2, 3, 4]) == 0.5
    assert alike([], []) == 1.0
    # Of the 64 smallest of both, 1 to 64, all but 1 stand in both.
    assert alike(range(1, 65), range(2, 66)) == 63 / 64
