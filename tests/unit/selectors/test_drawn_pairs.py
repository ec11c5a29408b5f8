"""Liu et al. 2023 (RSO), arXiv 2309.06657, algorithm 1: what is drawn, and which of it are pairs."""

import math
import random
from collections import Counter

import pytest

from backend.selectors.drawn_pairs import DrawnPairs, draw
from backend.values import Group, Selection, Verdict
from tests.groups import by_person, prompt, sample, scored

ALL = DrawnPairs(draw=8, temperature=1e9)


def sides(selection: Selection) -> list[tuple[int, int | None]]:
    return [(example.sample_id, example.rejected_id) for example in selection.examples]


def test_draws_each_text_by_exp_of_its_distance_to_the_best():
    """Of two with a distance of 1 at 0.5, the worse one is drawn first with the probability exp(-2)."""
    rng = random.Random(1)
    first = Counter(draw([0.0, 1.0], 1, 0.5, rng)[0] for _ in range(20_000))
    assert first[0] / 20_000 == pytest.approx(math.exp(-2), abs=0.01)


def test_distance_is_to_the_best_that_is_left():
    """Once the best is drawn in a first pass the others are compared among themselves."""
    rng = random.Random(1)
    second = Counter(draw([50.0, 0.0, 0.5], 2, 0.5, rng)[1] for _ in range(20_000))
    assert second[1] / 20_000 == pytest.approx(math.exp(-1), abs=0.01)


def test_low_temperature_takes_the_best_and_high_temperature_any():
    rewards = [float(n) for n in range(20)]
    assert sorted(draw(rewards, 4, 1e-3, random.Random(1))) == [16, 17, 18, 19]
    assert draw(rewards, 4, 1e9, random.Random(1)) == [0, 1, 2, 3]


def test_no_text_is_drawn_twice_and_few_are_drawn_all():
    assert sorted(draw([3.0, 1.0, 2.0], 8, 0.5, random.Random(1))) == [0, 1, 2]
    doubled = Group(prompt(), tuple(sample(n, "same", score=1.0) for n in (1, 2)))
    assert ALL.select([doubled], seed=1).dropped == {"fewer than two scored texts": 1}


def test_first_round_pairs_each_drawn_text_once_with_the_better_one_chosen():
    group = scored([float(n) for n in range(64)])
    result = sides(DrawnPairs(draw=8, temperature=5.0).select([group], seed=1))
    assert len(result) == 4
    assert len({id for pair in result for id in pair}) == 8
    assert all(chosen > (rejected or 0) for chosen, rejected in result)


@pytest.mark.parametrize("count", [8, 7])
def test_tournament_goes_on_until_one_is_left(count):
    group = scored([float(n) for n in range(count)])
    result = sides(DrawnPairs(draw=8, temperature=1e9, ranking="tournament").select([group], seed=1))
    assert sorted(rejected or 0 for _, rejected in result) == list(range(1, count)), "each but the best loses once"
    assert result[-1][0] == count


def test_equal_scores_and_missing_ones_make_no_pair():
    assert ALL.select([scored([1.0, 1.0])], seed=1).dropped == {"no drawn pair with a better side": 1}
    assert ALL.select([scored([1.0, None])], seed=1).dropped == {"fewer than two scored texts": 1}


def test_word_of_people_stands_above_the_scorer():
    group = Group(prompt(), (by_person(1, Verdict.accept, score=-9.0), sample(2, score=9.0)))
    assert sides(DrawnPairs(draw=2, temperature=0.1).select([group], seed=1)) == [(1, 2)]
    for verdict in Verdict.accept, Verdict.reject:
        both = Group(prompt(), (by_person(1, verdict, score=1.0), by_person(2, verdict, score=2.0)))
        assert not ALL.select([both], seed=1).examples


def test_same_seed_draws_the_same_whatever_other_groups_there_are():
    group, two = scored(range(20), id=1), scored(range(20), id=2)
    part = DrawnPairs(draw=4)
    assert part.select([two, group], seed=3).examples[2:] == part.select([group], seed=3).examples
    assert part.select([group], seed=3) != part.select([group], seed=4)
