import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.metrics._intervals import mean, shares, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_newcombe(successes, n, low, high):
    assert wilson(successes, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_by_hand():
    # 5 of 10: middle 0.5, half = 1.96/(1 + 3.8415/10) * sqrt(0.025 + 3.8415/400) = 1.4160 * 0.18605 = 0.2634.
    assert wilson(5, 10) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))


def test_mean_by_hand():
    # 1, 2, 3, 4: mean 2.5, sd sqrt(5/3) = 1.29099, half = 1.95996 * 1.29099 / 2 = 1.26515.
    assert mean([1, 2, 3, 4]) == (2.5, pytest.approx(1.23485, abs=1e-5), pytest.approx(3.76515, abs=1e-5))
    assert mean([7]) == (7, None, None)


def test_shares_have_a_width_even_where_all_are_equal():
    value, low, high = shares([1.0] * 20)
    assert (value, high) == (1.0, pytest.approx(1.0))
    assert low == pytest.approx(1 - 0.1611, abs=5e-5)  # 0 of 20 turned round


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_within_bounds(counts):
    successes, n = counts
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1
