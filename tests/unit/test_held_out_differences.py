"""Differences of two measurements, with numbers worked out by hand."""

import math

import pytest

from backend.differences import (
    APART,
    FEWEST,
    PARTLY,
    bootstrap,
    of_counts,
    of_histograms,
    of_independent,
    of_shares,
    of_values,
)
from backend.metrics._intervals import mcnemar
from backend.services.held_out.baseline import accuracy
from backend.services.held_out.measured import Verdicts, read


def test_two_prompts_drawn_again_give_the_ends_that_are_counted_by_hand() -> None:
    """Of the four draws of {1, -1} one has the mean -1, two 0 and one 1, so a quarter lies at each end."""
    assert bootstrap([1.0, -1.0]) == bootstrap([1.0, -1.0], [1, 1]) == (-1.0, 1.0)


def test_the_interval_of_many_prompts_is_that_of_the_normal_distribution() -> None:
    """400 prompts, 30 newly right and 10 newly wrong: the mean of the differences is 20 / 400 = 0.05, their variance
    40 / 400 - 0.05^2 = 0.0975, the standard error sqrt(0.0975 / 400) = 0.01561, and 1.96 times that 0.0306."""
    difference = of_shares(400, 200, 30, 10)
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
    few = of_shares(FEWEST - 1, 10, 5, 1)
    assert (few.low, few.high, few.why) == (None, None, "fewer than 30 prompts, too few for an interval")
    assert few.value == 4 / 29
    equal = of_shares(100, 50, 0, 0)
    assert (equal.value, equal.low, equal.high) == (0.0, None, None)
    assert equal.why.startswith("equal on every prompt")
    none = of_shares(0, 0, 0, 0)
    assert (none.value, none.low, none.why) == (None, None, "no prompt in common")
    assert of_values({1: 2.0}, {2: 2.0}).value is None


def test_where_the_exact_test_sees_chance_the_interval_holds_0_and_of_many_looks_it_is_wider() -> None:
    """Six lost and one won: the bootstrap alone ends below 0, p = 2 (1 + 7) / 2^7 = 0.125."""
    assert bootstrap([1.0, 0.0, -1.0], [1, 93, 6])[1] <= 0.0
    difference = of_shares(100, 60, 1, 6)
    assert (difference.p, difference.high) == (0.125, 0.0)
    assert not difference.is_worse
    # Ten lost of 100, none won: p = 2 / 2^10; of 40 looks 0.078.
    once, often = of_shares(100, 60, 0, 10), of_shares(100, 60, 0, 10, times=40)
    assert once.is_worse
    assert (often.p, often.high) == (80 / 1024, 0.0)
    assert often.low is not None
    assert once.low is not None
    assert often.low < once.low


def test_a_kind_of_change_that_was_not_seen_is_not_excluded_where_chance_explains_the_rest() -> None:
    """One of 400 is newly right, p = 1: resamples hold no loss, and 1 - 0.025^(1/400) = 0.0092 may be lost all the
    same."""
    assert bootstrap([1.0, 0.0, -1.0], [1, 399, 0])[0] == 0.0
    won, lost = of_shares(400, 193, 1, 0), of_shares(400, 193, 0, 1)
    assert (won.p, won.low) == (1.0, pytest.approx(0.0025 - 0.0092, abs=1e-4))
    assert (lost.p, lost.high) == (1.0, pytest.approx(0.0092 - 0.0025, abs=1e-4))
    # Seven of seven are newly right, p = 2 / 2^7: that is no chance, and the bootstrap's end stands.
    sure = of_shares(400, 193, 7, 0)
    assert sure.low is not None
    assert sure.low > 0


def test_rows_of_one_prompt_are_drawn_together() -> None:
    """40 prompts of ten rows, all ten right or all ten wrong: the share is known as of 40 prompts, not of 400 rows."""
    old = {n: (10 if n % 2 else 0, 10) for n in range(40)}
    other = {n + 100: counted for n, counted in old.items()}
    apart = of_counts(old, other)
    half = 1.96 * math.sqrt(2 * 0.25 / 40)
    assert (apart.value, apart.why) == (0.0, APART)
    assert (apart.low, apart.high) == pytest.approx((-half, half), abs=0.03)
    better = {n: (10 if n % 2 or n < 20 else 0, 10) for n in range(40)}
    paired = of_counts(old, better)
    # A quarter of the prompts is won: 0.25 -+ 1.96 sqrt(0.25 * 0.75 / 40).
    assert (paired.value, paired.why) == (0.25, "")
    assert (paired.low, paired.high) == pytest.approx((0.25 - 0.134, 0.25 + 0.134), abs=0.03)
    # A prompt may be without a row: precision counts accepted texts alone.
    assert of_counts(old, {**better, 0: (0, 0)}).low is not None
    assert of_counts(old, dict.fromkeys(old, (0, 0))).why == "no row on one side"


def test_the_difference_of_two_shares_stays_between_their_bounds() -> None:
    """36 of 40 prompts right, then 0 of 40 others: the standard error is sqrt(0.9 * 0.1 / 39), so 0.9 + 0.094 is inside
    1; 39 of 40 are not."""
    none = {n + 100: (0, 1) for n in range(40)}
    inside = of_counts({n: (int(n >= 4), 1) for n in range(40)}, none)
    assert (inside.low, inside.high) == pytest.approx((-0.994, -0.806), abs=0.001)
    outside = of_counts({n: (int(n >= 1), 1) for n in range(40)}, none)
    assert outside.low == -1.0
    assert outside.high == pytest.approx(-0.975 + 0.049, abs=0.001)
    back = of_counts(none, {n: (int(n >= 1), 1) for n in range(40)})
    assert (back.low, back.high) == (pytest.approx(0.926, abs=0.001), 1.0)


def test_numbers_without_prompts_count_as_independent() -> None:
    difference = of_independent((1.0, 0.7, 1.3), (2.0, 1.6, 2.4))
    assert (difference.value, difference.low, difference.high) == pytest.approx((1.0, 0.5, 1.5))
    assert of_independent((1.0, None, None), (2.0, 1.6, 2.4)).low is None
    # All of 9 and 7 of 50: the first interval has nothing above it, so the lower end is 0.07 - 1.
    shares = of_independent((1.0, 0.701, 1.0), (0.14, 0.07, 0.262))
    assert (shares.low, shares.high) == pytest.approx((-0.93, -0.86 + math.hypot(0.122, 0.299)))


def test_mcnemars_exact_test_by_hand() -> None:
    """Eight prompts changed, one of them for the better: 2 (C(8,0) + C(8,1)) / 2^8 = 18 / 256."""
    assert mcnemar(1, 7) == 18 / 256


def test_accuracies_are_compared_on_common_prompts_alone() -> None:
    old = Verdicts(frozenset(range(60)), frozenset(range(60, 100)), is_told=True)
    new = Verdicts(frozenset(range(50, 110)), frozenset(range(40, 50)), is_told=True)
    difference = accuracy(old, new)
    assert (difference.n, difference.newly_right, difference.newly_wrong) == (60, 40, 10)
    assert (difference.old, difference.new, difference.value) == (20 / 60, 50 / 60, 0.5)
    assert difference.p == mcnemar(40, 10)
    assert accuracy(old, Verdicts()).value is None


def test_a_measurement_that_does_not_name_each_prompt_says_nothing() -> None:
    assert read(3, {"right": [1], "wrong": [2, 3]}) == Verdicts(frozenset([1]), frozenset([2, 3]), is_told=True)
    for details in ({"right": [1], "wrong": [2]}, {"right": [1, 2, 3]}, {}, {"right": None, "wrong": [1, 2, 3]}):
        assert read(3, details) == Verdicts()
    verdicts = read(3, {"right": [1], "wrong": [2, 3]})
    assert [verdicts.of(n) for n in (1, 2, 9)] == [True, False, None]


def test_a_total_collapse_is_worse_and_has_an_exact_bound() -> None:
    """All 40 newly wrong: p = 2 / 2^40. At least 0.025^(1/40) = 0.9119 of all prompts are lost, and the others may be
    won: the gap is at most -0.9119 + 0.0881. Of ten looks 0.0025^(1/40) = 0.8609."""
    lost = of_shares(40, 40, 0, 40)
    assert (lost.value, lost.low, lost.is_worse, lost.is_better) == (-1.0, -1.0, True, False)
    assert lost.high == pytest.approx(-0.8238, abs=1e-4)
    assert of_shares(40, 40, 0, 40, times=10).high == pytest.approx(1 - 2 * 0.8609, abs=1e-4)
    won = of_shares(40, 0, 40, 0)
    assert (won.low, won.high, won.is_better) == (pytest.approx(0.8238, abs=1e-4), 1.0, True)


def test_the_exact_test_says_what_is_sure_where_there_is_no_interval() -> None:
    """Of 20 prompts 10 are lost, p = 2 / 2^10 = 0.002; of five p = 2 / 2^5 = 0.0625; ten of 40 looks 0.078."""
    assert of_shares(20, 15, 0, 10).low is None
    assert of_shares(20, 15, 0, 10).is_worse
    assert of_shares(20, 0, 10, 0).is_better
    assert not of_shares(20, 15, 0, 5).is_sure
    assert not of_shares(20, 15, 0, 10, times=40).is_sure
    apart = of_independent((1.0, 0.9, 1.1), (9.0, 8.9, 9.1))
    assert apart.low is not None
    assert apart.low > 0
    assert not apart.is_sure, "texts of one prompt are alike, which such intervals overlook"


def test_prompts_without_a_row_do_not_count() -> None:
    """20 prompts with rows and 200 without: too few, whatever the number of prompts is."""
    old = {n: (5, 10) if n < 20 else (0, 0) for n in range(220)}
    few = of_counts(old, {n: (n % 10, 10) for n in range(220)})
    assert (few.n, few.low, few.why) == (20, None, "fewer than 30 prompts, too few for an interval")


def test_prompts_in_common_are_paired_though_each_side_has_others() -> None:
    """40 prompts of one row each, 20 right: residuals of a half, with 40 / 39. Common prompts answered alike cancel."""
    old = {n: (n % 2, 1) for n in range(40)}
    half = {n + 20: (n % 2, 1) for n in range(40)}
    partly = of_counts(old, half)
    # 20 prompts of each side alone: 40 (1/2 / 40)^2 40/39 = 0.2564 / 40.
    width = 1.96 * math.sqrt(0.25 / 39)
    assert (partly.value, partly.why) == (0.0, PARTLY)
    assert (partly.low, partly.high) == pytest.approx((-width, width), abs=1e-4)
    apart = of_counts(old, {n + 100: counted for n, counted in old.items()})
    assert apart.high == pytest.approx(width * math.sqrt(2), abs=1e-4)
    # The same of how many prompts have the same counts.
    rows = [[0, 1, 20], [1, 1, 20], [0, 0, 7]]
    assert of_histograms(rows, rows).high == pytest.approx(apart.high)
    collapsed = of_histograms([[10, 10, 40]], [[0, 10, 50]])
    # Each side's share of 40 at the least is 0.0125^(1/40) = 0.89624.
    assert collapsed.high == pytest.approx(1 - 2 * 0.89624, abs=1e-4)


def test_more_than_a_few_values_have_the_normal_interval() -> None:
    """0 to 299: mean 149.5, variance (300^2 - 1) / 12 * 300 / 299 = 7525, standard error sqrt(7525 / 300) = 5.008."""
    assert bootstrap([float(n) for n in range(300)]) == pytest.approx((149.5 - 9.816, 149.5 + 9.816), abs=0.001)
