"""Chen et al. 2025 (NFT), arXiv 2505.18116: the loss and its gradient."""

import math
from pathlib import Path
from typing import Any

import pytest

from backend.trainers import Trainer
from backend.trainers.negative_aware_sft import NegativeAwareSFT, token_losses
from backend.trainers.sft import SFT
from tests.integration.trainers.losses import ONE_STEP, first_loss, first_metrics, row
from tests.integration.trainers.training import tensors, train

DATA = [
    row("a", "yes", label=True, rate=0.5),
    row("a", "no", label=False, rate=0.5),
    row("bb", "k", label=True, rate=0.25),
    row("bb", "x y", label=False, rate=0.25),
]


def losses(ratios: list[list[float]], label: list[float], rate: list[float], **knobs: Any) -> Any:
    """The losses of tokens whose ratio to the old policy is given."""
    import torch

    log_probs = torch.tensor(ratios).log().requires_grad_()
    old = torch.zeros_like(log_probs)
    tensor = token_losses(log_probs, old, torch.tensor(label), torch.tensor(rate), NegativeAwareSFT(**knobs))
    return tensor, log_probs


def test_the_loss_by_hand():
    # r = 0.5: a right token with R = 2 loses -log 2; a wrong one with R = 0.5 -log((1 - 0.25) / 0.5) = -log 1.5.
    loss, _ = losses([[2.0], [0.5]], [1, 0], [0.5, 0.5], prompt_weight="one")
    assert loss.flatten().tolist() == pytest.approx([-math.log(2), -math.log(1.5)])
    # R = 1.2 would give 0.8, which is below 1: the value is -log 1.
    loss, _ = losses([[1.2]], [0], [0.5], prompt_weight="one")
    assert loss.item() == pytest.approx(0.0, abs=1e-7)
    # With epsilon 0.5 it is what it is.
    loss, _ = losses([[1.2]], [0], [0.5], prompt_weight="one", epsilon=0.5)
    assert loss.item() == pytest.approx(-math.log(0.8), abs=1e-6)
    # 1 - r = 0.75, sqrt((1 - r) / r) = sqrt 3, and rates are kept 0.02 from 0 and 1.
    for weight, factor in (("one_minus_rate", 0.75), ("root_of_odds", math.sqrt(3))):
        loss, _ = losses([[2.0]], [1], [0.25], prompt_weight=weight)
        assert loss.item() == pytest.approx(-factor * math.log(2))
    loss, _ = losses([[2.0]], [1], [1.0])
    assert loss.item() == pytest.approx(-0.02 * math.log(2), abs=1e-6)


def test_the_gradient_is_kept_where_the_floor_is_the_value():
    loss, log_probs = losses([[1.2]], [0], [0.5], prompt_weight="one")
    loss.sum().backward()
    # d/dlogR of (1 - r R) / (1 - r) is -r R / (1 - r) = -1.2; of minus its logarithm at 1, 1.2.
    assert log_probs.grad.item() == pytest.approx(1.2)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.875])
def test_on_policy_its_gradient_is_that_of_grpo(rate: float):
    """With 1 - r_q that of the advantages r - mean(r) (Dr. GRPO), with the root those divided by their deviation."""
    wins = round(8 * rate)
    rewards = [1.0] * wins + [0.0] * (8 - wins)
    deviation = math.sqrt(rate * (1 - rate))
    for weight, scale in (("one_minus_rate", 1.0), ("root_of_odds", 1 / deviation)):
        loss, log_probs = losses([[1.0, 1.0]] * 8, rewards, [rate] * 8, prompt_weight=weight)
        loss.sum().backward()
        # The loss of GRPO is minus the advantage times the ratio, whose gradient at ratio 1 is that of log pi.
        expected = [-(reward - rate) * scale for reward in rewards]
        assert log_probs.grad[:, 0].tolist() == pytest.approx(expected, abs=1e-6)
        assert log_probs.grad[:, 1].tolist() == pytest.approx(expected, abs=1e-6)


def test_without_wrong_texts_it_is_rejection_sampling(tiny: Path, tmp_path: Path):
    import torch

    knobs = ONE_STEP | {"learning_rate": 1e-2}
    nft = train(NegativeAwareSFT(**knobs, negative_weight=0.0, prompt_weight="one"), tiny, tmp_path / "nft", data=DATA)
    sft = train(SFT(**knobs), tiny, tmp_path / "sft", data=[entry for entry in DATA if entry["label"]])
    ours, theirs, start = tensors(nft), tensors(sft), tensors(tiny)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-5) for name in theirs)
    assert not all(torch.allclose(theirs[name], start[name], atol=1e-3) for name in theirs)


def test_on_its_own_start_every_ratio_is_one(tiny: Path, tmp_path: Path):
    """Right texts lose log 1 = 0, wrong ones log 1 = 0."""
    assert first_loss(NegativeAwareSFT(**ONE_STEP), tiny, tmp_path / "first", DATA) == pytest.approx(0.0, abs=1e-5)
    assert first_metrics(tmp_path / "first")["ratio"] == pytest.approx(1.0, abs=1e-5)


def test_is_found_by_name():
    assert Trainer.load({"name": "negative_aware_sft"}).columns == ("prompt", "completion", "label", "rate")
