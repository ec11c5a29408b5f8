"""Differences of two measurements, with numbers worked out by hand."""

import math

import pytest

from backend.services.held_out.baseline import accuracy
from backend.services.held_out.measured import Verdicts, read
from backend.services.results.differences import FEWEST, bootstrap, of_shares, of_values
from backend.services.results.paired import Paired


def test_two_prompts_drawn_again_give_the_ends_that_are_counted_by_hand() -> None:
    """Of the four draws of {1, -1} one has the mean -1, two 0 and one 1, so a quarter lies at each end."""
    assert bootstrap([1.0, -1.0]) == bootstrap([1.0, -1.0], [1, 1]) == (-1.0, 1.0)


def test_the_interval_of_many_prompts_is_that_of_the_normal_distribution() -> None:
    """400 prompts, 30 newly right and 10 newly wrong: the mean of the differences is 20 / 400 = 0.05, their variance
    40 / 400 - 0.05^2 = 0.0975, the standard error sqrt(0.0975 / 400) = 0.01561, and 1.96 times that 0.0306."""
    difference = of_shares(400, 200, 30, 10, p=None)
    assert (difference.value, difference.old, difference.new) == (0.05, 0.5, 0.55)
    assert difference.low == pytest.approx(0.05 - 0.0306, abs=0.003)
    assert difference.high == pytest.approx(0.05 + 0.0306, abs=0.003)
    gaps = [1.0] * 30 + [-1.0] * 10 + [0.0] * 360
    assert bootstrap(gaps) == pytest.approx((difference.low, difference.high), abs=0.004), (
        "prompt by prompt, or by pattern"
    )
    assert bootstrap(gaps) == bootstrap(gaps), "the seed is fixed"


def test_means_are_compared_over_the_prompts_that_both_have() -> None:
    old = {n: float(n) for n in range(40)}
    new = {n: float(n) + (3.0 if n % 2 else 1.0) for n in range(20, 60)}
    difference = of_values(old, new)
    assert (difference.n, difference.value, difference.old, difference.new) == (20, 2.0, 29.5, 31.5)
    assert difference.low is None, "20 prompts are too few"
    difference = of_values(old, {n: value + (3.0 if n % 2 else 1.0) for n, value in old.items()})
    half = 1.96 / math.sqrt(40)  # differences of 1 and 3 have the standard deviation 1
    assert (difference.low, difference.high) == pytest.approx((2.0 - half, 2.0 + half), abs=0.06)


def test_too_few_prompts_and_equal_answers_have_no_interval_and_say_so() -> None:
    few = of_shares(FEWEST - 1, 10, 5, 1, p=0.2)
    assert (few.low, few.high, few.why) == (None, None, "fewer than 30 prompts, too few for an interval")
    assert few.value == 4 / 29
    equal = of_shares(100, 50, 0, 0, p=1.0)
    assert (equal.value, equal.low, equal.high) == (0.0, None, None)
    assert equal.why.startswith("equal on every prompt")
    none = of_shares(0, 0, 0, 0, p=None)
    assert (none.value, none.low, none.why) == (None, None, "no prompt in common")
    assert of_values({1: 2.0}, {2: 2.0}).value is None


def test_mcnemars_exact_test_by_hand() -> None:
    """Eight prompts changed, one of them for the better: 2 (C(8,0) + C(8,1)) / 2^8 = 18 / 256."""
    assert Paired(100, newly_right=1, newly_wrong=7).p == 18 / 256


def test_accuracies_are_compared_on_common_prompts_alone() -> None:
    old = Verdicts(frozenset(range(60)), frozenset(range(60, 100)), is_told=True)
    new = Verdicts(frozenset(range(50, 110)), frozenset(range(40, 50)), is_told=True)
    difference = accuracy(old, new)
    assert (difference.n, difference.newly_right, difference.newly_wrong) == (60, 40, 10)
    assert (difference.old, difference.new, difference.value) == (20 / 60, 50 / 60, 0.5)
    assert difference.p == Paired(60, 40, 10).p
    assert accuracy(old, Verdicts()).value is None


def test_a_measurement_that_does_not_name_each_prompt_says_nothing() -> None:
    assert read(3, {"right": [1], "wrong": [2, 3]}) == Verdicts(frozenset([1]), frozenset([2, 3]), is_told=True)
    for details in ({"right": [1], "wrong": [2]}, {"right": [1, 2, 3]}, {}, {"right": None, "wrong": [1, 2, 3]}):
        assert read(3, details) == Verdicts()
    verdicts = read(3, {"right": [1], "wrong": [2, 3]})
    assert [verdicts.of(n) for n in (1, 2, 9)] == [True, False, None]
