"""Intervals of many rows: drawn line by line, in little memory."""

import tracemalloc

import numpy as np
import pytest

from backend.pipeline.health import numbers


def test_the_interval_of_many_groups_takes_little_memory() -> None:
    parts = [(n % 4 == 0, 1) for n in range(60_000)]
    tracemalloc.start()
    estimate = numbers.ratio(parts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000
    assert estimate.value == 0.25
    assert estimate.low is not None
    assert estimate.high is not None
    error = 1.96 * (0.25 * 0.75 / 60_000) ** 0.5
    assert (estimate.low, estimate.high) == pytest.approx((0.25 - error, 0.25 + error), abs=0.2 * error)


def test_large_resamples_multiply_as_an_array_does() -> None:
    n = 20_000
    drawn = numbers._drawn(n)
    assert (drawn @ np.ones(n) == n).all(), "each draws n rows"
    values = np.random.default_rng(1).random((n, 3))
    assert (drawn @ values).shape == (numbers.FEWEST_RESAMPLES, 3)
    assert np.array_equal(drawn @ values, drawn @ values), "the same lines for every product"
    assert not np.array_equal(drawn @ values, numbers._drawn(n, seed=1) @ values)
