"""McNemar's exact test, against numbers worked out by hand."""

from math import comb

import pytest

from backend.metrics import Evidence
from backend.metrics._intervals import mcnemar
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.services.results.paired import of_rows
from backend.values import Group
from tests.groups import prompt, sample


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
    assert mcnemar(newly_right, newly_wrong) == pytest.approx(p, rel=1e-12)


def test_the_p_value_of_thousands_of_changes_is_the_whole_tail() -> None:
    # The normal approximation with its correction: (|2400 - 2300| - 1) / sqrt(4700) = 1.444, two-sided 0.1487.
    assert mcnemar(2400, 2300) == pytest.approx(0.1487, abs=0.0001)
    whole = 2 * sum(comb(4700, k) for k in range(2301)) / 2**4700
    assert mcnemar(2400, 2300) == pytest.approx(whole, rel=1e-12)
    assert mcnemar(5000, 0) == 0.0, "2 / 2^5000 is less than a float holds"


@pytest.mark.parametrize(("lost", "finish_reason"), [("", "stop"), ("2 and 2 make", "length"), ("Who knows?", "stop")])
def test_right_answers_that_became_none_are_newly_wrong(lost: str, finish_reason: str) -> None:
    """60 of 100 right, then 30: half of what was right is empty, cut off or no answer now."""

    def row(*texts: tuple[str, str]) -> tuple[int, dict[str, object]]:
        groups = [
            Group(prompt(id=n, answer="4"), (sample(1, text, prompt_id=n, finish_reason=reason),))
            for n, (text, reason) in enumerate(texts)
        ]
        (value,) = HeldOutAccuracy().compute(Evidence(held_out=groups))
        return value.n, dict(value.details)

    right, wrong = ("4", "stop"), ("5", "stop")
    result = of_rows(
        row(*[right] * 60, *[wrong] * 40), row(*[right] * 30, *[(lost, finish_reason)] * 30, *[wrong] * 40)
    )
    assert (result.n, result.newly_right, result.newly_wrong) == (100, 0, 30)
    assert result.p is not None
    assert result.p < 1e-8
