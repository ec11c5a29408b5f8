import pytest

from backend.warning_rules._bootstrap import MOST_BLOCKS, bootstrap, ratio, total


def test_the_interval_of_a_share_is_near_the_normal_one():
    rows = [(float(n < 100), 1.0) for n in range(400)]
    low, high = bootstrap(rows, ratio)
    # 0.25 -+ 1.96 sqrt(0.25 * 0.75 / 400) = 0.2076 to 0.2924.
    assert (low, high) == (pytest.approx(0.2076, abs=0.008), pytest.approx(0.2924, abs=0.008))
    assert bootstrap(rows, ratio) == (low, high)


def test_neighbours_are_drawn_together_where_there_are_very_many():
    rows = [(float(n % 4 == 0), 1.0) for n in range(5 * MOST_BLOCKS)]
    low, high = bootstrap(rows, ratio)
    assert low is not None
    assert high is not None
    assert low < ratio(total(rows)) < high
    assert high - low < 0.03


def test_nothing_known_has_no_interval():
    assert bootstrap([(1.0, 0.0)] * 30, ratio) == (None, None)
