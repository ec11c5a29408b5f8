"""Which interval a metric's difference gets, by what is kept of it."""

from typing import Any

import pytest

from backend.db import tables
from backend.differences import APART, INDEPENDENT, UNNAMED
from backend.services.results.metric_differences import OTHER_PROMPTS, between

NO_DATABASE: Any = None
"""What is kept on the rows is enough."""


def row(value: float | None, *, checkpoint_id: int | None = None, **details: Any) -> tables.Metric:
    ends = {"low": value - 0.1, "high": value + 0.1} if value is not None else {}
    columns: Any = {"value": value, "n": 400, "checkpoint_id": checkpoint_id, "details": details} | ends
    return tables.Metric(name="judge_accuracy", **columns)


def counts(right: int, start: int = 0) -> dict[str, list[int]]:
    """Forty prompts of ten texts each, so many of them right."""
    return {str(start + n): [right, 10] for n in range(40)} | {str(start): [10, 10], str(start + 1): [0, 10]}


def test_a_fall_of_the_judge_has_an_interval_by_prompts_drawn_anew() -> None:
    paired = between(NO_DATABASE, row(0.9, counts_by_prompt=counts(9)), row(0.6, counts_by_prompt=counts(6)))
    assert paired.value == pytest.approx(-0.285)  # 38 of 40 prompts fall by three texts in ten
    assert paired.is_worse
    assert paired.why == ""
    apart = between(NO_DATABASE, row(0.9, counts_by_prompt=counts(9)), row(0.6, counts_by_prompt=counts(6, start=100)))
    assert apart.is_worse
    assert apart.why == APART
    assert paired.low is not None
    assert apart.low is not None
    assert apart.low < paired.low, "what is drawn together varies less"


def test_without_a_value_by_prompt_two_numbers_count_as_independent_or_do_not_compare() -> None:
    apart = between(NO_DATABASE, row(0.9), row(0.6))
    assert (apart.why, apart.is_sure) == (INDEPENDENT, False)
    many = between(
        NO_DATABASE, row(0.9, prompts_by_counts=[[9, 10, 40], [8, 10, 40]]), row(0.6, counts_by_prompt=counts(6))
    )
    assert (many.why, many.is_worse) == (UNNAMED, True)
    ways = ({"measured_by": {"prompt_sets": [number]}} for number in (1, 2))
    first, other = (row(0.9, checkpoint_id=3, **way) for way in ways)
    assert between(NO_DATABASE, first, other).why == OTHER_PROMPTS
    assert between(NO_DATABASE, row(None), row(0.6)).value is None
