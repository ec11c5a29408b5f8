"""Hong, Lee, Thorne 2024 (ORPO), arXiv 2403.07691: the loss on a fixed batch."""

from pathlib import Path

import pytest

from backend.engines.transformers import Transformers
from backend.trainers.orpo import ORPO
from tests.integration.trainers.losses import ONE_STEP, first_loss, logprobs_of, pair
from tests.integration.trainers.training import train

PAIRS = [pair("a", "yes", "n"), pair("bb", "k", "nope"), pair("c", "a longer text", "x")]


def test_likelihood_of_the_chosen_side_and_the_odds_above_the_rejected_one(tiny: Path, tmp_path: Path):
    import torch

    odds, whole, tokens = 0.0, 0.0, 0
    with Transformers(model=str(tiny), device="cpu") as engine:
        for entry in PAIRS:
            means = [
                logprobs_of(tiny, entry["prompt"], entry[side][0]["content"]).mean() for side in ("chosen", "rejected")
            ]
            log_odds = [mean - torch.log1p(-mean.exp()) for mean in means]
            odds += float(torch.nn.functional.logsigmoid(log_odds[0] - log_odds[1])) / 3
            ids = engine._tokenizer.apply_chat_template(entry["prompt"] + entry["chosen"], return_dict=False)
            with torch.no_grad():
                logits = engine._model(input_ids=torch.tensor([ids])).logits[0, :-1].float()
            value = logits.log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])
            whole, tokens = whole - float(value.sum()), tokens + len(value)
    value = first_loss(ORPO(**ONE_STEP, beta=0.5), tiny, tmp_path / "out", PAIRS)
    assert value == pytest.approx(whole / tokens - 0.5 * odds, abs=1e-4)


def test_an_adapter_is_trained(tiny: Path, tmp_path: Path):
    final = train(ORPO(**ONE_STEP, lora=True, lora_r=4), tiny, tmp_path / "out", data=PAIRS)
    assert (final / "adapter_config.json").is_file()
