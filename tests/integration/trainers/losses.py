"""One step of a trainer on a fixed batch, and plain forward passes to compare it with."""

from pathlib import Path
from typing import Any

from backend.engines.transformers import Transformers
from tests.integration.trainers.training import message, progress, train

ONE_STEP: dict[str, Any] = {"max_steps": 1, "learning_rate": 1e-9, "per_device_train_batch_size": 4}
"""All rows in one batch, and weights that stay as they are."""


def row(prompt: str, text: str, **more: Any) -> dict[str, Any]:
    return {"prompt": message("user", prompt), "completion": message("assistant", text), **more}


def pair(prompt: str, chosen: str, rejected: str, **more: Any) -> dict[str, Any]:
    sides = {"chosen": message("assistant", chosen), "rejected": message("assistant", rejected)}
    return {"prompt": message("user", prompt), **sides, **more}


def first_loss(trainer: Any, model: Path, folder: Path, data: list[dict[str, Any]], **more: Any) -> float:
    """The loss of the first optimizer step."""
    train(trainer, model, folder, data=data, **more)
    return first_metrics(folder)["loss"]


def first_metrics(folder: Path) -> dict[str, float]:
    """What the first optimizer step logged: on a slow machine lines without metrics stand before it."""
    return next(dict(line["metrics"]) for line in progress(folder) if "loss" in line["metrics"])


def logits_of(model: Path, prompt: Any, text: str) -> tuple[Any, Any]:
    """The logits at each token of a text, its end token included, and the tokens: one plain forward pass."""
    import torch

    with Transformers(model=str(model), device="cpu") as engine:
        head = engine._encode([prompt])[0]
        tail = [*engine._tokenizer(text, add_special_tokens=False)["input_ids"], engine._tokenizer.eos_token_id]
        with torch.no_grad():
            logits = engine._model(input_ids=torch.tensor([head + tail])).logits[0].float()
    return logits[len(head) - 1 : -1], torch.tensor(tail)


def logprobs_of(model: Path, prompt: Any, text: str) -> Any:
    """The log-probability of each token of a text, its end token included."""
    logits, tail = logits_of(model, prompt, text)
    return logits.log_softmax(-1).gather(1, tail[:, None])[:, 0]
