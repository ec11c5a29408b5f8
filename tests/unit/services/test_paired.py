"""McNemar's exact test, against numbers worked out by hand."""

import pytest

from backend.services.paired import Paired


@pytest.mark.parametrize(
    ("newly_right", "newly_wrong", "p"),
    [
        # 10 changes, one of them good: 2 (C(10,0) + C(10,1)) / 2^10 = 22/1024.
        (1, 9, 22 / 1024),
        (9, 1, 22 / 1024),
        # Nothing changed, or as much in either direction: no evidence at all.
        (0, 0, 1.0),
        (5, 5, 1.0),
        # All 6 changes bad: 2 / 2^6.
        (0, 6, 2 / 64),
    ],
)
def test_the_p_value_is_twice_the_smaller_binomial_tail(newly_right: int, newly_wrong: int, p: float) -> None:
    assert Paired(400, newly_right, newly_wrong).p == pytest.approx(p, rel=1e-12)
