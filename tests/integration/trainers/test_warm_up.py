"""The learning rate that a training gets to, as it is said beforehand and as transformers gives it."""

from typing import Any

import pytest
import torch
from transformers import TrainingArguments, get_scheduler

from backend.trainers.sft import SFT

STEPS = 8


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant", "constant_with_warmup"])
@pytest.mark.parametrize("warm_up", [0.0, 0.1, 0.5, 0.95, 1.0, 7.0, 8.0, 20.0])
@pytest.mark.parametrize("steps", [1, STEPS])
def test_the_highest_rate_is_that_of_transformers(schedule: Any, warm_up: float, steps: int, tmp_path: Any) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    arguments = TrainingArguments(str(tmp_path), warmup_steps=warm_up, use_cpu=True, report_to="none")
    counted = arguments.get_warmup_steps(steps)
    scheduler = get_scheduler(schedule, optimizer, num_warmup_steps=counted, num_training_steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    trainer = SFT(lr_scheduler_type=schedule, warmup_steps=warm_up)
    assert trainer.peak_share(steps) == pytest.approx(max(rates))
    assert trainer.warm_up(steps) == (0 if schedule == "constant" else counted)
