import pytest

from backend.errors import InvalidInput
from backend.prompt_sources.prompts_by_difficulty import PromptsByDifficulty
from backend.values import Prompt

POOL = [
    Prompt(n, [{"role": "user", "content": f"prompt {n}"}], metadata=field)
    for n, field in enumerate(
        ({"digits": 1}, {"digits": "2"}, {"digits": 2.5}, {"digits": 3}, {}, {"digits": "many"}, {"digits": True})
    )
]


def taken(limit=10, seed=1, **knobs):
    return [
        group.prompt.id for group in PromptsByDifficulty(key="digits", **knobs).ask([], POOL, limit=limit, seed=seed)
    ]


def test_prompts_between_the_bounds_and_none_without_a_number():
    assert sorted(taken(highest=2)) == [0, 1]
    assert sorted(taken(lowest=2, highest=3)) == [1, 2, 3]
    assert taken(lowest=3, highest=3) == [3]


def test_a_smaller_limit_takes_the_first_of_what_a_larger_one_takes():
    assert taken(limit=2, highest=3) == taken(highest=3)[:2]
    assert taken(highest=3, shuffle=False) == [0, 1, 2, 3]
    assert len({tuple(taken(highest=3, seed=seed)) for seed in range(9)}) > 1


def test_bounds_that_nothing_fits_are_an_error_that_says_what_there_is():
    with pytest.raises(InvalidInput, match=r"difficulty 4 to 9 in its column 'digits': those there are go from 1 to 3"):
        taken(lowest=4, highest=9)
    with pytest.raises(InvalidInput, match="at most 1 in its column 'difficulty': none has such a number"):
        PromptsByDifficulty().ask([], POOL, limit=3, seed=0)
    assert PromptsByDifficulty().ask([], [], limit=3, seed=0) == []
    with pytest.raises(ValueError, match="lowest 2 is above highest 1"):
        PromptsByDifficulty(lowest=2, highest=1)
