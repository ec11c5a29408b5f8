from dataclasses import replace

import pytest

from backend.judges.brevity import Brevity
from backend.values import Group
from tests.groups import prompt, sample


def scores(*lengths: int) -> list[float | None]:
    group = Group(prompt(), tuple(replace(sample(n), num_tokens=length) for n, length in enumerate(lengths, start=1)))
    return [judgment.score for judgment in Brevity().judge(None, [group], seed=0)]


def test_the_shortest_has_1_the_longest_0_and_others_lie_between():
    # (20 - 14) / (20 - 10)
    assert scores(10, 20, 14) == pytest.approx([1.0, 0.0, 0.6])


def test_equally_long_texts_are_all_short():
    assert scores(5, 5) == [1.0, 1.0]
    assert scores(7) == [1.0]
    assert Brevity().judge(None, [Group(prompt())], seed=0) == []
