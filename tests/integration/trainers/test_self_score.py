"""Real trainings with a term for the policy's own scores (LaSeR, arXiv 2510.14943)."""

from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.judges.surface_rules import SurfaceRules
from backend.trainers import _turns
from backend.trainers._self_score import mixed
from backend.trainers.grpo import GRPO
from backend.trainers.grpo_self_score import GRPOSelfScore
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

# An untrained model ends its texts by chance: with 80 tokens about half of them; about half begin with a digit soon.
EARLY = SurfaceRules(must_match="(?s)^.{0,6}[0-9]")
LONG: dict[str, Any] = SMALL | {"max_completion_length": 80, "reward": EARLY, "reference_log_prob": -12.0}


def test_loss_and_gradient_on_a_fixed_batch(tiny: Path, tmp_path: Path) -> None:
    """The loss of GRPO, and 0.5 mean w (r_s - v)^2 with r_s = 0.1 (log pi(z | x, y, end) + 12)."""
    import torch

    knobs = GRPOSelfScore(**LONG, score_weight=0.5, advantage_share=0.3, least_deviation=0.0)
    fitted: Any = built(knobs, tiny, tmp_path / "out")
    batch, _ = generation(fitted)
    loss = fitted._compute_loss(fitted.model, batch)
    model = fitted.accelerator.unwrap_model(fitted.model)
    weights = list(model.parameters())
    gradient = torch.autograd.grad(loss, weights)

    end, token = fitted.processing_class.eos_token_id, fitted.processing_class.pad_token_id
    verdicts = fitted.reward_funcs[0].verdicts
    scores: list[Any] = []
    for n, verdict in enumerate(verdicts):
        text = batch["completion_ids"][n][batch["completion_mask"][n].bool()]
        head = batch["prompt_ids"][n][batch["prompt_mask"][n].bool()]
        logits = model(input_ids=torch.cat([head, text])[None]).logits[0, -1].float()
        is_whole = text[-1] == end and verdict is not None
        scores.append(0.1 * (logits.log_softmax(-1)[token] + 12.0) if is_whole else None)
    known = [n for n, score in enumerate(scores) if score is not None]
    right = [n for n in known if verdicts[n] == "accept"]
    assert 2 <= len(known) < 8, "some texts ended"
    error = torch.zeros(())
    for n in known:
        members = len(right) if n in right else len(known) - len(right)
        error = error + len(known) / (2 * members) * (scores[n] - float(n in right)) ** 2 / len(known)
    rewards = [[float(verdict == "accept")] for verdict in verdicts]
    own = [value[0] for value in _turns.advantages(rewards, 4, "group")]
    learned = mixed(own, [None if entry is None else entry.item() for entry in scores], 4, knobs)
    assert batch["advantages"].tolist() == pytest.approx(learned, abs=1e-4)
    ours, mask = log_probs(model, batch), batch["completion_mask"]
    policy = -(torch.tensor(learned)[:, None] * (ours - ours.detach()).exp() * mask).sum() / mask.sum()
    expected = policy + 0.5 * error
    assert loss.item() == pytest.approx(expected.item(), abs=1e-4)
    for result, wanted in zip(gradient, torch.autograd.grad(expected, weights), strict=True):
        assert torch.allclose(result, wanted, atol=1e-4, rtol=1e-3)


def test_with_weight_0_it_is_grpo(tiny: Path, tmp_path: Path) -> None:
    knobs = SMALL | {"max_steps": 2, "learning_rate": 1e-3, "reward": DIGITS}
    assert is_same_training(GRPOSelfScore(**knobs, score_weight=0.0), GRPO(**knobs), tiny, tmp_path, data=DATA)


def test_broken_off_it_ends_in_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    more = {"max_steps": 4, "save_steps": 2, "steps_per_generation": 2, "learning_rate": 1e-2, "least_deviation": 0.0}
    knobs = GRPOSelfScore(**LONG | more, beta=0.05)
    straight_and_killed(knobs, tiny, tmp_path, data=DATA)
    assert samples(tmp_path / "killed") == samples(tmp_path / "straight")
    logged = {name for line in progress(tmp_path / "straight") for name in line["metrics"]}
    assert {"self_score/mean", "self_score/log_prob", "self_score/accuracy"} <= logged


def test_the_token_has_to_be_one_that_ends_nothing(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no token '<none>'"):
        built(GRPOSelfScore(**LONG, score_token="<none>"), tiny, tmp_path / "none")
    fitted: Any = built(GRPOSelfScore(**LONG), tiny, tmp_path / "pad")
    end = fitted.processing_class.eos_token
    with pytest.raises(InvalidInput, match="ends the model's texts"):
        built(GRPOSelfScore(**LONG, score_token=end), tiny, tmp_path / "end")
