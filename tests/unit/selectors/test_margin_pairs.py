"""Pairs by their margin, worked out by hand."""

import time

import pytest
from pydantic import ValidationError

from backend.selectors import _margins
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.margin_pairs import MarginPairs
from backend.values import Group, Prompt, Selection, Verdict
from tests.groups import by_person, prompt, sample, scored


def pairs(selection: Selection) -> list[tuple[int | None, int | None]]:
    return [(example.sample_id, example.rejected_id) for example in selection.examples]


def of_category(number: int, level: str, *scores: float) -> Group:
    texts = (sample(10 * number + n, score=score) for n, score in enumerate(scores))
    return Group(Prompt(number, [], None, {"level": level}), tuple(texts))


def test_the_best_with_the_worst_and_the_second_best_with_the_second_worst():
    group = scored([1.0, 5.0, 3.0, 4.0, 0.0])
    assert pairs(MarginPairs().select([group], seed=1)) == [(2, 5)]
    assert pairs(MarginPairs(pairs_per_prompt=4).select([group], seed=1)) == [(2, 5), (4, 1)]
    selection = MarginPairs(pairs_per_prompt=4, min_margin=3.5).select([group], seed=1)
    assert (pairs(selection), selection.dropped) == ([(2, 5)], {})
    selection = MarginPairs(min_margin=5.5).select([group], seed=1)
    assert (pairs(selection), selection.dropped, selection.unit) == ([], {"margin below min_margin": 1}, "prompts")


def test_length_is_taken_off_before_scores_are_compared():
    """5.0 - 2 * 2,000 / 1,000 = 1.0 is below 3.0 - 2 * 0.5 = 2.0, and 2.5 - 0 is the best of all."""
    group = Group(
        prompt(), (sample(1, "a" * 2000, score=5.0), sample(2, "b" * 500, score=3.0), sample(3, "c", score=2.5))
    )
    assert pairs(MarginPairs().select([group], seed=1)) == [(1, 3)]
    assert pairs(MarginPairs(length_penalty=2.0).select([group], seed=1)) == [(3, 1)]
    selection = MarginPairs(length_penalty=2.0, min_margin=1.499).select([group], seed=1)
    assert selection.dropped == {"margin below min_margin": 1}, "2.498 - 1.0 is 1.498"


def test_equal_scores_drop_or_choose_the_shorter():
    group = Group(prompt(), (sample(1, "long", score=3.0), sample(2, "s", score=3.0), sample(3, "mid", score=3.0)))
    assert MarginPairs().select([group], seed=1).dropped == {"equal scores": 1}
    assert pairs(MarginPairs(ties="shorter").select([group], seed=1)) == [(2, 1)]
    alike = Group(prompt(), (sample(1, "one", score=3.0), sample(2, "two", score=3.0)))
    assert MarginPairs(ties="shorter").select([alike], seed=1).dropped == {"equal scores": 1}, "none is shorter"


def test_what_people_said_stands_above_scores():
    group = Group(
        prompt(),
        (by_person(1, Verdict.accept, score=0.0), sample(2, score=5.0), by_person(3, Verdict.reject, score=5.0)),
    )
    assert pairs(MarginPairs(min_margin=9.0).select([group], seed=1)) == [(1, 3)]
    accepted = Group(prompt(), (by_person(1, Verdict.accept), by_person(2, Verdict.accept)))
    assert MarginPairs().select([accepted], seed=1).dropped == {"all accepted or all rejected by people": 1}
    twins = Group(prompt(), (by_person(1, Verdict.accept, "same"), sample(2, "same", score=0.0)))
    assert not MarginPairs().select([twins], seed=1).examples, "the word on one text holds for its twin"


def test_samples_need_so_many_reviewers():
    group = Group(prompt(), tuple(sample(n, score=float(n), reviewers=n % 3) for n in range(1, 6)))
    assert pairs(MarginPairs(min_reviewers=1).select([group], seed=1)) == [(5, 1)]
    assert pairs(MarginPairs(min_reviewers=2).select([group], seed=1)) == [(5, 2)]
    assert MarginPairs(min_reviewers=3).select([group], seed=1).dropped == {"fewer than min_reviewers": 1}


def test_of_a_category_the_widest_margins_stay():
    groups = [
        of_category(1, "easy", 1.0, 2.0),
        of_category(2, "easy", 0.0, 5.0),
        of_category(3, "hard", 0.0, 0.5),
        of_category(4, "easy", 0.0, 3.0),
    ]
    selector = MarginPairs(category="level", max_per_category=2)
    selection = selector.select(groups, seed=1)
    assert [example.prompt_id for example in selection.examples] == [2, 3, 4]
    assert selection.dropped == {"over the quota of its category": 1}
    assert selector.needs_all_groups
    with pytest.raises(ValidationError, match="Name it in category"):
        MarginPairs(max_per_category=2)


def test_with_its_defaults_it_decides_like_best_versus_worst():
    """Where no scores are equal there is nothing to draw, and both keep the same pairs and give the same reasons."""
    groups = [
        scored([1.0, 2.0, 0.5], id=1),
        scored([None, 2.0], id=2),
        scored([], id=3),
        scored([2.0, 2.0], id=4),
        Group(prompt(id=5), (sample(1, " ", score=2.0), sample(2, score=1.0))),
        Group(prompt(id=6), (sample(1, score=2.0, finish_reason="length"), sample(2, score=1.0), sample(3, score=0.1))),
    ]
    ours, theirs = (part.select(groups, seed=3) for part in (MarginPairs(), BestVersusWorst()))
    assert pairs(ours) == pairs(theirs)
    assert ours.dropped == theirs.dropped


def test_it_is_the_same_in_one_call_and_in_many():
    groups = [
        Group(prompt(id=n), tuple(sample(10 * n + k, score=float(k % 2)) for k in range(6))) for n in range(1, 30)
    ]
    selector = MarginPairs(pairs_per_prompt=2)
    whole = pairs(selector.select(groups, seed=7))
    assert whole == [pair for group in groups for pair in pairs(selector.select([group], seed=7))]
    assert whole != pairs(selector.select(groups, seed=8)), "among equals the seed draws"


def test_a_hundred_thousand_samples_are_decided_in_a_moment():
    groups = [
        Group(Prompt(n, [], None, {"level": n % 5}), tuple(sample(8 * n + k, score=float(n * k % 6)) for k in range(8)))
        for n in range(12_500)
    ]
    candidates = _margins.candidates(groups, seed=1)
    categories, _ = candidates.categories("level")
    knobs = _margins.MarginKnobs(ties="shorter", length_penalty=0.5, pairs_per_prompt=4, max_per_category=500)
    started = time.process_time()
    decided = _margins.decide(candidates, knobs, categories=categories)
    assert time.process_time() - started < 0.1
    assert len(decided.chosen) == 2500
