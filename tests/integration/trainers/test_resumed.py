"""Trainers with losses of their own: broken off while they save, they end in the same weights."""

from pathlib import Path
from typing import Any

import pytest

from backend.trainers import _folders
from backend.trainers.cpo import CPO
from backend.trainers.distill import Distill
from backend.trainers.hidden_state_sft import HiddenStateSFT
from backend.trainers.kto import KTO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.orpo import ORPO
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from backend.trainers.step_scorer import StepScorer
from tests.integration.trainers.training import kill, progress, rows, same, train

KNOBS: dict[str, Any] = {
    "max_steps": 4,
    "save_steps": 2,
    "logging_steps": 1,
    "learning_rate": 1e-2,
    "per_device_train_batch_size": 2,
}
WEIGHED = [row | {"weight": n / 4} for n, row in enumerate(rows("prompt_completion", 8))]
VALUED = [row | {"value": n / 8} for n, row in enumerate(rows("prompt_completion", 8))]
LABELLED = [row | {"weight": n / 4} for n, row in enumerate(rows("unpaired_preference", 8))]


@pytest.mark.parametrize(
    ("trainer", "data"),
    [
        (SFT(**KNOBS, weigh_examples=True, normalise_weights=True, reduction="sum"), WEIGHED),
        (KTO(**KNOBS, weigh_examples=True), LABELLED),
        (NegativeAwareSFT(**KNOBS), LABELLED),
        (SoftTargetSFT(**KNOBS, reference="reference", lora=True), WEIGHED),
        (HiddenStateSFT(**KNOBS, reference="reference"), [{"text": f"text {n} of a few"} for n in range(4)]),
        (StepScorer(**KNOBS), VALUED),
        (ORPO(**KNOBS), None),
        (CPO(**KNOBS, loss_type="simpo", cpo_alpha=0.0, beta=2.0), None),
        # Four rows are two steps: what is resumed is the second pass, which has an order of its own.
        (Distill(**KNOBS, max_completion_length=3), rows("prompt_completion", 4)),
    ],
    ids=lambda value: getattr(value, "name", "") or "",
)
def test_broken_off_it_ends_in_the_same_weights(trainer: Any, data: Any, tiny: Path, other: Path, tmp_path: Path):
    straight = train(trainer, tiny, tmp_path / "straight", data=data, reference=other)
    kill(trainer, tiny, tmp_path / "killed", data=data, reference=other)
    kept = _folders.old_log_probs(tmp_path / "killed")
    assert kept.is_file() == (trainer.name == "negative_aware_sft")
    final = train(trainer, tiny, tmp_path / "killed", data=data, reference=other)
    assert same(straight, final)
    losses = [
        [(line["step"], line["metrics"]["loss"]) for line in progress(tmp_path / name) if line["metrics"]]
        for name in ("straight", "killed")
    ]
    assert losses[0] == losses[1]
    assert not kept.exists()
    assert list((tmp_path / "killed").glob("checkpoint-*")) == []
