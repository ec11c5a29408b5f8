import random

import pytest

from backend.judges.text_similarity import TextSimilarity, longest_common, rouge_l, words
from backend.values import Group
from tests.groups import prompt, sample


def scores(part: TextSimilarity, group: Group) -> list[float | None]:
    return [judgment.score for judgment in part.judge(None, [group], seed=0)]


def test_rouge_l_by_hand():
    # "police killed the gunman" against "police kill the gunman": 3 of 4 words in order, P = R = 3/4. Against "the
    # gunman kill police": 2 of 4 (Lin 2004, section 3.2).
    reference = words("police killed the gunman")
    assert rouge_l(words("Police kill the gunman."), reference) == pytest.approx(0.75)
    assert rouge_l(words("the gunman kill police"), reference) == pytest.approx(0.5)
    # 2 words of 2 and of 4: P = 1, R = 1/2, F = 2/3.
    assert rouge_l(words("police gunman"), reference) == pytest.approx(2 / 3)
    assert rouge_l([], []) is None


def test_the_longest_common_subsequence_is_that_of_the_table():
    def by_table(element, other):
        row = [0] * (len(other) + 1)
        for a in element:
            last = row[:]
            for n, b in enumerate(other, start=1):
                row[n] = last[n - 1] + 1 if a == b else max(last[n], row[n - 1])
        return row[-1]

    chance = random.Random(0)
    for _ in range(200):
        entry, other = ([chance.choice("abcd") for _ in range(chance.randrange(12))] for _ in range(2))
        assert longest_common(entry, other) == by_table(entry, other)


def test_the_known_answer_is_compared_with():
    group = Group(prompt(answer="a b c d"), (sample(1, "A b, c d."), sample(2, "a d"), sample(3, "x")))
    assert scores(TextSimilarity(), group) == [1.0, pytest.approx(2 / 3), 0.0]
    assert scores(TextSimilarity(), Group(prompt(), (sample(1, "a"),))) == [None]


def test_siblings_agree_on_average_and_one_alone_with_nobody():
    group = Group(prompt(), (sample(1, "a b"), sample(2, "a b"), sample(3, "c d")))
    assert scores(TextSimilarity(compare_to="siblings"), group) == [0.5, 0.5, 0.0]
    assert scores(TextSimilarity(compare_to="siblings"), Group(prompt(), (sample(1, "a"),))) == [None]


def test_the_draft_is_where_the_chain_began():
    first, between = sample(1, "a b"), sample(2, "say more")
    group = Group(prompt(), (sample(3, "a b c d"),), parent=between, ancestors=(first,))
    assert scores(TextSimilarity(compare_to="draft"), group) == [pytest.approx(2 / 3)]
    assert scores(TextSimilarity(compare_to="draft"), Group(prompt(), (sample(3),))) == [None]
