"""Real trainings that recycle their texts as judge training (SPARK, arXiv 2509.22624)."""

from pathlib import Path
from typing import Any

import pytest

from backend.trainers.grpo import GRPO
from backend.trainers.grpo_judge_mix import GRPOJudgeMix
from tests.integration.trainers.online import (
    DATA,
    DIGITS,
    SMALL,
    built,
    generation,
    is_same_training,
    log_probs,
    samples,
)
from tests.integration.trainers.training import progress, straight_and_killed

SHORT: dict[str, Any] = {
    "pointwise_template": "{prompt};{response}?",
    "pairwise_template": "{prompt};A {first};B {second}?",
    "reflection_template": "{prompt};{response}.",
    "conclusion": "so?",
}


def test_loss_and_gradient_on_a_fixed_batch(tiny: Path, tmp_path: Path) -> None:
    """The loss of GRPO, and half the mean negative log-likelihood of the verdicts' tokens."""
    import torch

    knobs = GRPOJudgeMix(**SMALL | SHORT, reward=DIGITS, judge_weight=0.5)
    fitted: Any = built(knobs, tiny, tmp_path / "out")
    batch, _ = generation(fitted)
    loss = fitted._compute_loss(fitted.model, batch)
    model = fitted.accelerator.unwrap_model(fitted.model)
    weights = list(model.parameters())
    gradient = torch.autograd.grad(loss, weights)

    tokenizer, reward = fitted.processing_class, fitted.reward_funcs[0]
    lost, tokens = torch.zeros(()), 0
    for n, verdict in enumerate(reward.verdicts):
        assert verdict is not None
        head = batch["judge_prompt_ids"][n][batch["judge_prompt_mask"][n].bool()]
        tail = batch["judge_completion_ids"][n][batch["judge_trained"][n].bool()]
        asked, reply = tokenizer.decode(head), tokenizer.decode(tail)
        text = reward.texts[n].text
        if n % 3 == 0:
            assert f";{text}?" in asked
        if n % 3 == 2:
            assert f";{text}." in asked
            assert "so?" in asked, "after a reflection"
        if "so?" in asked or ";A " not in asked:
            assert reply.startswith("Verdict: right" if verdict == "accept" else "Verdict: wrong")
        else:
            letter = "A" if (f";A {text};" in asked) is (verdict == "accept") else "B"
            assert reply.startswith(f"Verdict: {letter}")
        logits = model(input_ids=torch.cat([head, tail])[None]).logits[0, len(head) - 1 : -1].float()
        lost = lost - logits.log_softmax(-1).gather(1, tail[:, None]).sum()
        tokens += len(tail)
    ours, mask = log_probs(model, batch), batch["completion_mask"]
    policy = -(batch["advantages"][:, None] * (ours - ours.detach()).exp() * mask).sum() / mask.sum()
    expected = policy + 0.5 * lost / tokens
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    for result, wanted in zip(gradient, torch.autograd.grad(expected, weights), strict=True):
        assert torch.allclose(result, wanted, atol=1e-4, rtol=1e-3)


def test_with_weight_0_it_is_grpo(tiny: Path, tmp_path: Path) -> None:
    knobs = SMALL | {"max_steps": 2, "learning_rate": 1e-3, "reward": DIGITS}
    assert is_same_training(GRPOJudgeMix(**knobs, judge_weight=0.0), GRPO(**knobs), tiny, tmp_path, data=DATA)


def test_broken_off_it_ends_in_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    more = {"max_steps": 4, "save_steps": 2, "steps_per_generation": 2, "learning_rate": 1e-2}
    knobs = GRPOJudgeMix(**SMALL | SHORT | more, reward=DIGITS)
    straight_and_killed(knobs, tiny, tmp_path, data=DATA)
    assert samples(tmp_path / "killed") == samples(tmp_path / "straight")
    logged = [line["metrics"] for line in progress(tmp_path / "straight") if "judging/rows" in line["metrics"]]
    assert {line["judging/rows"] for line in logged} == {16}
