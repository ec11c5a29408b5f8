"""Writes how far a training is, one JSON object a line, for the process that follows it."""

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import TrainerError
from backend.trainers import _folders

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer
    from transformers import TrainerCallback

SECONDS = 1.0  # between two lines without metrics
LOGGING_STEPS = 10
FEW_STEPS = 50
"""Where `logging_steps` is unset, a training of at most so many steps logs each, and a longer one every 10th."""


def rewind(file: Path, *, step: int) -> None:
    """Forget the lines after a step, which a resumed training writes again, and a line cut off by a crash."""
    if not file.exists():
        return
    temporary = file.with_suffix(".tmp")
    with file.open(encoding="utf-8", newline="\n") as lines, temporary.open("w", encoding="utf-8") as kept:
        kept.writelines(line for line in lines if 0 <= _step(line) <= step and line.endswith("\n"))
    temporary.replace(file)


def _step(line: str) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return -1


def callback(file: Path, *, logs_few: bool = False) -> "TrainerCallback":
    """Return the callback: a line for each log and, in long pauses between logs, for the bar alone.

    The last step is logged whatever `logging_steps` is: of a short training it is the only point but the first.
    logs_few: each step of a training of few steps is logged.
    """
    from transformers import TrainerCallback

    class Progress(TrainerCallback):
        def __init__(self) -> None:
            self.written_at = 0.0

        def write(self, state: Any, metrics: dict[str, float]) -> None:
            if not state.is_world_process_zero:
                return  # of several processes, the first one writes
            line = {"step": state.global_step, "max_steps": state.max_steps, "metrics": metrics}
            with file.open("a", encoding="utf-8") as opened:
                opened.write(json.dumps(line) + "\n")
            self.written_at = time.monotonic()

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.write(state, {})

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            # transformers has set should_training_stop before it calls the callbacks of others.
            if control.should_training_stop or (logs_few and state.max_steps <= FEW_STEPS):
                control.should_log = True
            if time.monotonic() - self.written_at > SECONDS:
                self.write(state, {})

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if "train_runtime" in kwargs["logs"]:
                return  # the summary after the last step; it stands in train.json
            metrics = {name: float(value) for name, value in kwargs["logs"].items() if isinstance(value, int | float)}
            if not math.isfinite(metrics.get("loss", 0.0)):
                raise TrainerError(
                    f"The loss became {metrics['loss']} at step {state.global_step} of {state.max_steps}. "
                    "Lower learning_rate, or look for broken rows in the dataset."
                )
            self.write(state, {name: value for name, value in metrics.items() if math.isfinite(value)})

    return Progress()


def token_counter(fitted: "HFTrainer") -> "TrainerCallback":
    """Return the callback that keeps TRL's count of tokens with each checkpoint.

    SFT, DPO, KTO and the reward trainer count from 0 in each process (`_total_train_tokens`), so that a resumed
    training would leave out what it read before. The others keep their count where this one goes.
    """
    from transformers import TrainerCallback

    counts: Any = fitted

    class TokenCounter(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            counts._total_train_tokens = state.num_input_tokens_seen

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            state.num_input_tokens_seen = max(state.num_input_tokens_seen, counts._total_train_tokens)

    return TokenCounter()


def completer(fitted: "HFTrainer") -> "TrainerCallback":
    """Return the callback that says of a checkpoint that all processes have written their part of it."""
    from transformers import TrainerCallback

    class Completer(TrainerCallback):
        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            fitted.accelerator.wait_for_everyone()
            if state.is_world_process_zero:
                (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _folders.COMPLETE).touch()

    return Completer()
