"""Xiang et al. 2024, arXiv 2410.17131: the gap between both sides stays what it was."""

import pytest

from backend.mixers.steady_gap import SteadyGap
from backend.values import Past
from tests.unit.mixers.training_rows import ids, row

# Cosines: "a" and "b" 0; "a b" and "a c" 1/2; "a" and "a" 1. Gaps: 1, 1/2, 0.
FAR, MIDDLE, SAME = ("a", "b"), ("a b", "a c"), ("a", "a")


def pair(id, texts, **changes):
    return row(id, texts[0], rejected=texts[1], rejected_id=100 + id, **changes)


def kept(rows, past, tolerance=0.25):
    mixture = SteadyGap(tolerance=tolerance).mix(rows, (), Past(trained=past), seed=0)
    return ids(mixture.rows), mixture.dropped


def test_in_the_first_round_all_pairs_stay():
    assert kept([pair(1, SAME), pair(2, FAR)], []) == ([1, 2], {})


def test_pairs_farthest_off_go_until_the_mean_is_as_in_the_first_round():
    # The first round's mean is 1/2, of the two oldest rows; newer ones say nothing. 0.375 to 0.625 is near enough.
    past = [pair(9, FAR, age=1), pair(8, SAME, age=2), pair(7, FAR, age=2)]
    rows = [pair(1, FAR), pair(2, FAR), pair(3, MIDDLE), pair(4, SAME)]
    # Means: 0.625, which is near enough.
    assert kept(rows, past) == ([1, 2, 3, 4], {})
    # Less tolerance: 0.625 is too much, without the last FAR one it is 0.5.
    assert kept(rows, past, tolerance=0.1) == ([1, 3, 4], {"gap too large": 1})
    # 0, 0, 1/2: 1/6, then 1/4, then 1/2. Of the equal ones the last goes first.
    assert kept([pair(1, SAME), pair(2, SAME), pair(3, MIDDLE)], past) == ([3], {"gap too small": 2})


def test_rounds_of_other_recipes_say_nothing():
    past = [pair(9, FAR, age=1), pair(8, SAME, age=2, is_same_recipe=False)]
    assert kept([pair(1, FAR), pair(2, SAME)], past) == ([1], {"gap too small": 1})
    assert kept([pair(1, SAME)], past[1:]) == ([1], {})


def test_where_no_pair_is_far_enough_nothing_is_left():
    assert kept([pair(1, SAME), pair(2, SAME)], [pair(9, FAR, age=1)]) == ([], {"gap too small": 2})
    with pytest.raises(ValueError, match="tolerance"):
        SteadyGap(tolerance=1)
