"""Targets mixed of the text and a teacher's distribution: the loss by hand and on a fixed batch."""

import math
from pathlib import Path
from typing import Any

import pytest

from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT, swapped, token_losses
from tests.integration.trainers.losses import ONE_STEP, first_loss, first_metrics, logits_of, row
from tests.integration.trainers.training import same, train

DATA = [row("a", "yes"), row("bb", "k"), row("c", "a longer text")]


def losses(policy: list[float], teacher: list[float], label: int, **knobs: Any) -> float:
    """What one token loses, of two distributions."""
    import torch

    logits, target = torch.tensor([policy]).log(), torch.tensor([teacher]).log()
    return float(token_losses(logits, target, torch.tensor([label]), SoftTargetSFT(**knobs)))


def test_the_loss_by_hand():
    # The target is 0.75 * (1, 0) + 0.25 * (0.4, 0.6) = (0.85, 0.15); the policy says (0.5, 0.5), then (0.8, 0.2).
    assert losses([0.5, 0.5], [0.4, 0.6], 0, alpha=0.25) == pytest.approx(math.log(2))
    expected = -0.85 * math.log(0.8) - 0.15 * math.log(0.2)
    assert losses([0.8, 0.2], [0.4, 0.6], 0, alpha=0.25) == pytest.approx(expected)
    # Of that share the policy's own probability of the text's token, 0.8: (1 - 0.2) * (1, 0) + 0.2 * (0.4, 0.6).
    expected = -0.88 * math.log(0.8) - 0.12 * math.log(0.2)
    assert losses([0.8, 0.2], [0.4, 0.6], 0, alpha=0.25, adapt="by_token") == pytest.approx(expected)
    # A token that the policy holds for impossible is learned from the text alone.
    hard = losses([1e-6, 1 - 1e-6], [0.4, 0.6], 0, alpha=1.0, adapt="by_token")
    assert hard == pytest.approx(-math.log(1e-6), rel=1e-4)
    # At temperature 2 the teacher says the roots of its probabilities, made to add up to 1: (0.8, 0.2) -> (2/3, 1/3).
    expected = -math.log(0.5)
    assert losses([0.5, 0.5], [0.8, 0.2], 0, alpha=1.0, temperature=2.0) == pytest.approx(expected)
    expected = -2 / 3 * math.log(0.8) - 1 / 3 * math.log(0.2)
    assert losses([0.8, 0.2], [0.8, 0.2], 0, alpha=1.0, temperature=2.0) == pytest.approx(expected)


def test_swapped_logits_by_hand():
    import torch

    # The teacher holds the second token for likeliest; the text's is the first: (0.2, 0.7, 0.1) becomes (0.7, 0.2, 0.1).
    teacher = torch.tensor([[0.2, 0.7, 0.1], [0.2, 0.7, 0.1]]).log()
    assert swapped(teacher, torch.tensor([0, 1])).exp().tolist() == [
        pytest.approx([0.7, 0.2, 0.1]),
        pytest.approx([0.2, 0.7, 0.1]),
    ]
    expected = -0.7 * math.log(0.5) - 0.2 * math.log(0.25) - 0.1 * math.log(0.25)
    value = losses([0.5, 0.25, 0.25], [0.2, 0.7, 0.1], 0, alpha=1.0, swap_logits=True)
    assert value == pytest.approx(expected)
    # A teacher that is right is not changed.
    knobs = {"alpha": 1.0, "swap_logits": True}
    assert losses([0.8, 0.2], [0.6, 0.4], 0, **knobs) == pytest.approx(losses([0.8, 0.2], [0.6, 0.4], 0, alpha=1.0))


def test_the_targets_of_a_batch(tiny: Path, other: Path, tmp_path: Path):
    expected, tokens = 0.0, 0
    for entry in DATA:
        ours, labels = logits_of(tiny, entry["prompt"], entry["completion"][0]["content"])
        theirs, _ = logits_of(other, entry["prompt"], entry["completion"][0]["content"])
        expected += float(token_losses(ours, theirs, labels, SoftTargetSFT(alpha=0.3)).sum())
        tokens += len(labels)
    value = first_loss(SoftTargetSFT(**ONE_STEP, alpha=0.3), tiny, tmp_path / "out", DATA, reference=other)
    assert value == pytest.approx(expected / tokens, abs=1e-4)
    metrics = first_metrics(tmp_path / "out")
    # TRL's own metrics are those of the same batch in plain SFT.
    train(SFT(**ONE_STEP), tiny, tmp_path / "sft", data=DATA)
    plain = first_metrics(tmp_path / "sft")
    for name in ("entropy", "mean_token_accuracy", "num_tokens"):
        assert metrics[name] == pytest.approx(plain[name], abs=1e-5)


def test_without_a_teacher_it_is_sft(tiny: Path, other: Path, tmp_path: Path):
    import torch

    from tests.integration.trainers.training import tensors

    knobs = {"max_steps": 2, "learning_rate": 1e-3}
    soft = train(SoftTargetSFT(**knobs, alpha=0.0), tiny, tmp_path / "soft", data=DATA, reference=other)
    plain = train(SFT(**knobs), tiny, tmp_path / "plain", data=DATA)
    ours, theirs = tensors(soft), tensors(plain)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-5) for name in theirs)
    assert not same(plain, tiny)
