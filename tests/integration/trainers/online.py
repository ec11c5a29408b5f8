"""Tiny trainings on texts that the policy writes: data, what stands in a batch, and what a run wrote."""

import json
from pathlib import Path
from typing import Any

from backend.engines import _weights
from backend.judges.surface_rules import SurfaceRules
from backend.trainers import Trainer, _models, _rows, _run
from tests.integration.trainers.training import KNOBS, message, same, spec_for, train

SMALL: dict[str, Any] = KNOBS | {
    "max_steps": 1,
    "num_generations": 4,
    "per_device_train_batch_size": 8,
    "max_completion_length": 6,
    "logging_steps": 1,
}
DATA = [{"prompt": message("user", f"{i} + 1 ="), "answer": str(i + 1), "metadata": {"n": i}} for i in range(8)]
DIGITS = SurfaceRules(must_match="[0-9]")  # an untrained model writes some in about half of its texts


def samples(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]


def built(
    trainer: Any,
    policy: Path,
    folder: Path,
    *,
    data: list[dict[str, Any]] = DATA,
    reference: Path | None = None,
    **engines: Any,
) -> Any:
    """TRL's trainer before it trains. engines: what answers in each role that the trainer asks."""
    _weights.prepare_libraries()
    spec = spec_for(trainer, policy, folder, data=data, reference=reference)
    spec.engines.update(engines)
    fitted: Any = _run.build(trainer, spec, _models.load(trainer, spec), _rows.read(trainer, spec))
    fitted.model.train()
    fitted.current_gradient_accumulation_steps = 1
    return fitted


def generation(fitted: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A fixed batch: two prompts with four chats each, and TRL's inputs that it was made of."""
    import torch

    torch.manual_seed(0)
    inputs = [dict(fitted.train_dataset[n]) for n in (0, 1) for _ in range(4)]
    return fitted._generate_and_score_completions(inputs), inputs


def log_probs(model: Any, batch: dict[str, Any]) -> Any:
    """Of each token after the prompt, by one plain forward pass over one chat at a time, without padding."""
    import torch

    rows = []
    for n in range(len(batch["prompt_ids"])):
        head = batch["prompt_ids"][n][batch["prompt_mask"][n].bool()]
        tail = batch["completion_ids"][n][batch["completion_mask"][n].bool()]
        logits = model(input_ids=torch.cat([head, tail])[None]).logits[0, len(head) - 1 : -1].float()
        result = logits.log_softmax(-1).gather(1, tail[:, None])[:, 0]
        rows.append(torch.cat([result, result.new_zeros(batch["completion_ids"].shape[1] - len(tail))]))
    return torch.stack(rows)


def is_same_training(trainer: Trainer, other: Trainer, policy: Path, folder: Path, **more: Any) -> bool:
    """Whether two trainings write the same texts and end in the same weights, which are not those they began with."""
    left, right = train(trainer, policy, folder / "one", **more), train(other, policy, folder / "other", **more)
    return same(left, right) and not same(left, policy) and samples(folder / "one") == samples(folder / "other")
