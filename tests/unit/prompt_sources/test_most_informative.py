from dataclasses import replace

from backend.prompt_sources.most_informative import MostInformative
from tests.groups import scored


def kept(part: MostInformative, *scores) -> list[int]:
    groups = [replace(scored(some, id=n), id=n) for n, some in enumerate(scores, 1)]
    return [group.id for group in part.ask(groups, [], limit=9, seed=0)]


def test_the_share_with_the_widest_reward_gap_goes_on_in_order():
    """Gaps 1, 4, 0, 3, of which half are kept."""
    some = ([1, 2], [1, 3, 5], [2, 2], [0, 3])
    assert kept(MostInformative(top_share=0.5), *some) == [2, 4]
    # A quarter of four is one; of five it is two, rounded up.
    assert kept(MostInformative(), *some) == [2]
    assert kept(MostInformative(), *some, [0, 1]) == [2, 4]


def test_variance_may_rank_them_otherwise():
    """Gaps 4 and 3; variances of 0, 4, 2, 2, 2: 8/5, of 0, 3: 9/4."""
    some = ([0, 4, 2, 2, 2], [0, 3])
    assert kept(MostInformative(top_share=0.5), *some) == [1]
    assert kept(MostInformative(top_share=0.5, by="variance"), *some) == [2]


def test_without_two_scores_there_is_no_value_and_a_gap_of_zero_is_never_kept():
    assert kept(MostInformative(top_share=1.0), [1], [None, 2], [3, 3], [1, 2]) == [4]
    assert kept(MostInformative(top_share=1.0), [3, 3]) == []


def test_it_narrows_by_labels():
    part = MostInformative()
    assert (part.reads_groups, part.narrows, part.reads_labels) == (True, True, True)
    assert part.groups_at_most(10, 60, 10) == 3
