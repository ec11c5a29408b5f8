"""ROUGE-L by a bit-parallel longest common subsequence, against the plain one, and the index that finds alike texts."""

import random
from collections.abc import Sequence

import pytest

from backend.likeness import Pool, common, rouge_l, words


def plainly(texts: Sequence[str], other: Sequence[str]) -> int:
    """The textbook's table."""
    table = [[0] * (len(other) + 1) for _ in range(len(texts) + 1)]
    for i, left in enumerate(texts):
        for j, right in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def test_the_longest_common_subsequence_is_that_of_the_table():
    chance = random.Random(0)
    for _ in range(300):
        choice, other = (chance.choices("abcde", k=chance.randint(0, 90)) for _ in range(2))
        assert common(choice, other) == plainly(choice, other)


def test_rouge_l_is_the_f_measure():
    # "police ... the gunman": 3 of 4 words each way, then 2 of 4 (the examples of Lin 2004, section 3.1).
    reference = words("police killed the gunman")
    assert rouge_l(reference, words("police kill the gunman")) == 0.75
    assert rouge_l(reference, words("the gunman kill police")) == 0.5
    # 2 of 3 and of 5 words: 2 * 2 / 8.
    assert rouge_l(words("a b c"), words("a x b y z")) == 0.5
    assert rouge_l([], reference) == 0.0


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("What's 3+4?", ["what", "s", "3", "4"]),
        ("Größe GRÖSSE", ["grösse", "grösse"]),
        ("二と三", ["二", "と", "三"]),
        ("  ", []),
    ],
)
def test_words_have_no_case_and_no_signs(text: str, texts: list[str]) -> None:
    assert words(text) == texts


def test_signs_can_count():
    assert words("3*5+2=17", signs=True) == ["3", "*", "5", "+", "2", "=", "17"]


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7, 1.0])
def test_the_index_finds_what_comparing_with_every_text_finds(least: float) -> None:
    chance = random.Random(least)
    texts = [chance.choices("abcdefghijklmnop", k=chance.randint(1, 12)) for _ in range(200)]
    pool = Pool(least)
    for text in texts:
        best = max((rouge_l(text, other) for other in pool.texts), default=0.0)
        assert pool.closest(text) == (best if best >= least - 1e-9 else 0.0)
        pool.add(text)
    assert pool.closest([]) == 0.0
