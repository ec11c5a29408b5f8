from dataclasses import replace

from backend.prompt_sources.widest import Widest, variance
from tests.groups import scored


def test_keeps_the_group_with_the_highest_variance_of_each_prompt():
    narrow, wide, other = scored([2, 3, 4]), scored([1, 3, 5]), scored([4, 5], id=2)
    groups = [replace(group, id=number) for number, group in enumerate((narrow, wide, other), start=1)]
    kept = Widest().ask(groups, [], limit=1, seed=0)
    # Variances 2/3, 8/3 and 1/4.
    assert [group.id for group in kept] == [2, 3]
    assert kept[0] is groups[1]


def test_of_equally_wide_groups_the_first_and_of_equal_scores_none():
    groups = [replace(scored([1, 2]), id=1), replace(scored([3, 4]), id=2), replace(scored([5, 5], id=2), id=3)]
    assert [group.id for group in Widest().ask(groups, [], limit=1, seed=0)] == [1]


def test_texts_without_a_score_do_not_count():
    assert Widest().ask([scored([5, None]), scored([None, None], id=2)], [], limit=1, seed=0) == []


def test_variance_of_scores_that_differ_by_nothing_but_noise_is_zero():
    assert variance([0.1 + 0.2, 0.3, 0.3]) == 0.0
    assert variance([1.0, 3.0]) == 1.0
