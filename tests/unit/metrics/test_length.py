import pytest

from backend.metrics import Evidence
from backend.metrics.length import Length
from backend.values import Group, Verdict
from tests.groups import prompt, sample


def test_means_and_share_cut_off():
    samples = (
        sample(1, "ab", num_tokens=1, verdict=Verdict.accept),
        sample(2, "abcd", num_tokens=2, verdict=Verdict.accept),
        sample(3, "abcdef", num_tokens=3, verdict=Verdict.reject),
        sample(4, "abcdefgh", num_tokens=4, finish_reason="length"),
    )
    measures = {v.name: v for v in Length().compute(Evidence(round_groups=[Group(prompt(), samples)]))}
    assert measures["mean_tokens"].value == 2.5
    assert measures["mean_tokens"].low == pytest.approx(1.23485, abs=1e-5)  # 2.5 - 1.95996 * sqrt(5/3) / 2
    assert measures["mean_tokens_accepted"].value == 1.5
    assert measures["mean_characters"].value == 5.0
    assert (measures["truncated_share"].value, measures["truncated_share"].n) == (0.25, 4)


def test_no_samples_give_no_numbers():
    assert {v.value for v in Length().compute(Evidence())} == {None}
