"""Weights of examples in SFT and KTO, on a fixed batch."""

from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.trainers.kto import KTO
from backend.trainers.sft import SFT
from tests.integration.trainers.losses import ONE_STEP, first_loss, first_metrics, logprobs_of, row
from tests.integration.trainers.training import rows, same, train

ROWS = [row("a", "yes", weight=2.0), row("bb", "k", weight=0.5), row("c", "a longer text")]
"""The last one says no weight: 1, as all rows of before there were weights."""
WEIGHTS = (2.0, 0.5, 1.0)


def by_row(model: Path, data: list[dict[str, Any]]) -> list[Any]:
    return [logprobs_of(model, record["prompt"], record["completion"][0]["content"]) for record in data]


def test_a_weight_multiplies_the_loss_of_its_example(tiny: Path, tmp_path: Path):
    by_token = by_row(tiny, ROWS)
    tokens = sum(len(entry) for entry in by_token)
    summed = sum(-w * float(entry.sum()) for w, entry in zip(WEIGHTS, by_token, strict=True))
    value = first_loss(SFT(**ONE_STEP, weigh_examples=True), tiny, tmp_path / "mean", ROWS)
    assert value == pytest.approx(summed / tokens, abs=1e-4)
    # Their mean is 7/6.
    normal = SFT(**ONE_STEP, weigh_examples=True, normalise_weights=True)
    assert first_loss(normal, tiny, tmp_path / "normal", ROWS) == pytest.approx(summed / tokens * 6 / 7, abs=1e-4)
    # -(w + 0.1) log pi(y|x) of whole texts, in the mean over three.
    knobs: dict[str, Any] = {"weigh_examples": True, "reduction": "sum", "weight_offset": 0.1}
    expected = sum(-(w + 0.1) * float(entry.sum()) for w, entry in zip(WEIGHTS, by_token, strict=True)) / 3
    assert first_loss(SFT(**ONE_STEP, **knobs), tiny, tmp_path / "sum", ROWS) == pytest.approx(expected, abs=1e-3)
    # One row at a time, three of them for one step: the same mean.
    halved = ONE_STEP | {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 3}
    assert first_loss(SFT(**halved, **knobs), tiny, tmp_path / "one", ROWS) == pytest.approx(expected, abs=1e-3)


def test_weights_of_one_are_trls_own_loss(tiny: Path, tmp_path: Path):
    knobs: dict[str, Any] = {"max_steps": 3, "logging_steps": 1, "learning_rate": 1e-3}
    for kind in (SFT, KTO):
        data = rows(kind.trains_on, 8)
        plain = train(kind(**knobs), tiny, tmp_path / f"{kind.__name__}-plain", data=data)
        weighed = train(kind(**knobs, weigh_examples=True), tiny, tmp_path / f"{kind.__name__}-weighed", data=data)
        assert same(plain, weighed)


def test_weights_that_add_up_to_nothing_are_refused(tiny: Path, tmp_path: Path):
    data = [record | {"weight": 0.0} for record in rows("prompt_completion", 3)]
    with pytest.raises(InvalidInput, match="All 3 examples have the weight 0"):
        train(SFT(**ONE_STEP, weigh_examples=True), tiny, tmp_path / "out", data=data)


def test_a_weight_multiplies_the_loss_of_its_example_in_kto(tiny: Path, other: Path, tmp_path: Path):
    """Without the estimate of the divergence, 1 - sigmoid(beta r) for good and sigmoid(beta r) for bad texts."""
    import torch

    data = [row("a", "yes", label=True, weight=2.0), row("bb", "k", label=False, weight=0.5)]
    data.append(row("c", "long", label=False))
    knobs: dict[str, Any] = {"loss_type": "apo_zero_unpaired", "weigh_examples": True, "undesirable_weight": 0.7}
    value = first_loss(KTO(**ONE_STEP, **knobs, beta=0.5), tiny, tmp_path / "out", data, reference=other)
    expected = 0.0
    for record, ours, theirs in zip(data, by_row(tiny, data), by_row(other, data), strict=True):
        good = torch.sigmoid(0.5 * (ours.sum() - theirs.sum()))
        expected += record.get("weight", 1.0) * float(1 - good if record["label"] else 0.7 * good) / 3
    assert value == pytest.approx(expected, abs=1e-4)
    assert first_metrics(tmp_path / "out")["weight"] == pytest.approx(3.5 / 3)
