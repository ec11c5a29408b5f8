"""The term of a pair that may be the wrong way round: blocks of robust DPO, with a probability for each row."""

import math

import pytest

torch = pytest.importorskip("torch")


def test_the_loss_both_ways_weighed_by_the_probability_of_each():
    from backend.trainers._weighted_dpo import either_way

    margin = torch.tensor([2.0, 2.0, -1.0])
    flip = torch.tensor([0.0, 0.25, 0.4])
    # -log sigmoid(2) = 0.126928, -log sigmoid(-2) = 2.126928; of -1: 1.313262 and 0.313262.
    expected = [0.126928, 0.75 * 0.126928 + 0.25 * 2.126928, 0.6 * 1.313262 + 0.4 * 0.313262]
    assert either_way(margin, flip).tolist() == pytest.approx(expected, abs=1e-5)
    assert either_way(margin, None).tolist() == pytest.approx([0.126928, 0.126928, 1.313262], abs=1e-5)
    assert math.isclose(-math.log(1 / (1 + math.exp(-2))), 0.126928, abs_tol=1e-6)
