"""A scorer of steps of a tiny model: its loss, what it learns, and the rates that a search asks it for."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.engines import _scorers, answered
from backend.engines.transformers import Transformers
from backend.trainers.step_scorer import StepScorer
from tests.integration.trainers.training import KNOBS, message, spec_for, train

CHAT = message("user", "1 + 1 =")


def rows(*steps: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"prompt": CHAT, "completion": message("assistant", text), "value": value} for text, value in steps]


DATA = rows(("so\n", 0.5), ("so\n2", 1.0), ("so\n3", 0.0), ("no\n", 0.25))


def test_the_loss_is_the_squared_distance_to_the_value_at_the_end_of_the_text(tiny: Path, tmp_path: Path):
    """The mean of (head(last hidden state) - value)^2 over all rows, from plain forward passes, whatever the batches."""
    import torch

    trainer = StepScorer(**KNOBS | {"max_steps": 1, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 2})
    spec = spec_for(trainer, tiny, tmp_path / "out", data=DATA)
    trainer.main(spec)
    model = _scorers.load(str(tiny), dtype=torch.float32, seed=spec.seed)
    with Transformers(model=str(tiny), device="cpu") as engine:
        tokenizer = engine._tokenizer
    expected = 0.0
    for row in DATA:
        ids = tokenizer.apply_chat_template(answered(CHAT, row["completion"][0]["content"]), return_dict=False)
        with torch.no_grad():
            hidden = model.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
            expected += float((model.score(hidden)[0] - row["value"]) ** 2) / len(DATA)
    record = json.loads((tmp_path / "out/final/train.json").read_text())
    assert record["metrics"]["train_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("lora", [False, True])
def test_it_rates_texts_up_to_a_step(lora: bool, tiny: Path, tmp_path: Path):
    knobs = KNOBS | {"max_steps": 40, "learning_rate": 5e-3, "max_length": 40, "logging_steps": 40}
    long = rows(("x" * 60, 0.5))
    final = train(StepScorer(**knobs, lora=lora), tiny, tmp_path / "out", data=[*DATA, *long])
    record = json.loads((final / "train.json").read_text())
    assert (record["rows"], record["rows_used"], record["left_out"][0][0]) == (5, 4, 4)
    assert _scorers.is_scorer(str(final))
    assert (final / "adapter_config.json").is_file() == lora
    with Transformers(model=str(final), head="score", device="cpu") as engine:
        rates = engine.rate([CHAT] * 4, [row["completion"][0]["content"] for row in DATA])
    assert rates[1] > rates[2]
