import math

import pytest

from backend.metrics import Evidence
from backend.metrics.pair_gap import PairGap
from tests.groups import sample


def test_means_of_chosen_less_rejected():
    pairs = [
        (
            sample(1, "a b", score=5.0, logprob=-2.0, num_tokens=2),
            sample(2, "a b c", score=3.0, logprob=-6.0, num_tokens=3),
        ),
        (sample(3, "a", score=4.0, logprob=-1.0, num_tokens=1), sample(4, "d", score=3.0, logprob=-1.5, num_tokens=1)),
        (sample(5, "x"), sample(6, "x")),
    ]
    gap, margin, distance = PairGap().compute(Evidence(pairs=pairs))
    # Scores: (2 + 1) / 2. Log-probabilities for each token: -1 + 2 = 1, and -1 + 1.5 = 0.5.
    assert (gap.name, gap.value, gap.n) == ("pair_gap", 1.5, 2)
    assert (margin.name, margin.value, margin.n) == ("pair_margin", 0.75, 2)
    # Cosines: 2 / (sqrt 2 sqrt 3), 0, 1.
    assert distance.name == "pair_distance"
    assert distance.value == pytest.approx((1 - 2 / math.sqrt(6) + 1 + 0) / 3, abs=1e-5)
    assert distance.n == 3


def test_nothing_of_no_pairs():
    assert [measure.value for measure in PairGap().compute(Evidence())] == [None, None, None]
    assert PairGap().reads_pairs
