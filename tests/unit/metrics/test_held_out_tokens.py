"""The mean number of tokens of a greedy answer."""

from dataclasses import replace

import pytest

from backend.metrics import Evidence
from backend.metrics.held_out_tokens import HeldOutTokens
from backend.values import Group, Sample
from tests.groups import prompt


def group(*tokens: int) -> Group:
    samples = (Sample(n, 1, "text", num_tokens=count, position=n) for n, count in enumerate(tokens))
    return replace(Group(prompt()), samples=tuple(samples))


def test_greedy_answers_alone_count_and_prompts_without_one_do_not():
    (measure,) = HeldOutTokens().compute(Evidence(held_out=[group(10, 99), group(20), group()]))
    # Mean 15, standard deviation sqrt(50), so 15 +- 1.96 * 7.0711 / sqrt(2) = 15 +- 9.8.
    assert (measure.name, measure.value, measure.n) == ("held_out_tokens", 15, 2)
    assert (measure.low, measure.high) == (pytest.approx(5.2, abs=0.01), pytest.approx(24.8, abs=0.01))
    assert HeldOutTokens().compute(Evidence())[0].value is None
    assert HeldOutTokens().scope == "checkpoint"
