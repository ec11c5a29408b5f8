import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.metrics import Evidence
from backend.metrics.pass_at_k import PassAtK, estimate
from tests.groups import texts


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    [
        (5, 2, 2, 0.7),  # 1 - C(3,2)/C(5,2) = 1 - 3/10
        (10, 1, 5, 0.5),  # 1 - C(9,5)/C(10,5) = 1 - 126/252
        (4, 1, 1, 0.25),
        (4, 0, 4, 0.0),
        (4, 2, 3, 1.0),  # fewer wrong ones than k
    ],
)
def test_estimates_without_bias(n, c, k, value):
    # Chen et al. 2021, equation 1: 1 - C(n-c, k) / C(n, k).
    assert estimate(n, c, k) == pytest.approx(value)


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_estimate_is_the_share_of_all_choices_with_a_right_one(counts):
    n, c, k = counts
    choices = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert estimate(n, c, k) == pytest.approx(sum(map(any, choices)) / len(choices))


def test_averages_over_prompts_without_the_greedy_answer():
    # Position 0 is greedy. Sampled: 2 of 5 right: 0.7; 0 of 5 right: 0. Mean 0.35.
    groups = [texts("4", "4", "4", "x", "x", "x", answer="4"), texts("4", "x", "x", "x", "x", "x", answer="4")]
    (value,) = PassAtK(k=2, n=5).compute(Evidence(held_out=groups))
    assert (value.name, value.value, value.n) == ("pass_at_2", pytest.approx(0.35), 2)
    # Wilson at 0.35, n = 2: z2/n = 1.9207; middle (0.35 + 0.96036)/2.9207 = 0.44864;
    # half = 1.95996/2.9207 * sqrt(0.2275/2 + 3.8415/16) = 0.67106 * 0.59487 = 0.39919.
    assert (value.low, value.high) == (pytest.approx(0.04945, abs=1e-4), pytest.approx(0.84783, abs=1e-4))


def test_takes_no_more_samples_than_it_asked_for():
    group = texts("x", "x", "x", "4", answer="4")  # the right one is another metric's
    (value,) = PassAtK(k=1, n=2).compute(Evidence(held_out=[group]))
    assert value.value == 0.0


def test_leaves_out_prompts_with_too_few_samples_or_no_known_answer():
    groups = [texts("x", "4", "4", answer="4"), texts("x", "4", answer="4"), texts("x", "4", "4")]
    (value,) = PassAtK(k=2, n=2).compute(Evidence(held_out=groups))
    assert (value.value, value.n, value.details["left_out"]) == (1.0, 1, 2)
    assert value.details["by_prompt"] == {"1": 1.0}
    assert PassAtK().compute(Evidence())[0].value is None


def test_asks_for_its_samples_and_refuses_too_few():
    assert (PassAtK(k=4, n=16).held_out_samples, PassAtK().scope) == (16, "checkpoint")
    with pytest.raises(ValidationError, match=r"pass@8 cannot be estimated from 4"):
        PassAtK(k=8, n=4)


def test_an_answer_that_cannot_be_read_is_wrong_and_counted():
    (value,) = PassAtK(k=1, n=2).compute(Evidence(held_out=[texts("4", "I cannot say.", "4", answer="4")]))
    assert (value.value, value.n, value.details["unreadable"]) == (0.5, 1, 1)
