"""A value model of prompts: a head of one number on a language model, which predicts the reward that a prompt gives."""

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.engines import _chat, _scorers, _weights
from backend.engines._live import same_randomness
from backend.trainers import TrainSpec, _models
from backend.trainers.grpo import GRPO
from backend.values import JSON, mean_score

if TYPE_CHECKING:
    from transformers import TrainerCallback

    from backend.trainers._inputs import Row

FOLDER = "prompt_value"
"""Beside the weights: the value model when a training ended, as a model that scores."""
MODEL, OPTIMIZER = "prompt_value.safetensors", "prompt_value.pt"
"""What a training checkpoint holds of it."""
Rewards = dict[int, float]
"""The mean reward of each row's completions, by the row's number."""


class PromptValueKnobs(GRPO, abstract=True):
    """How the value model is trained, and which prompts are chosen by it."""

    target: float = Field(0.5, description="mean reward that the prompts should give; 0.5 of 0 and 1 teaches most")
    candidates: int = Field(
        4, ge=1, description="prompts whose reward is predicted for each that is taken; 1: no choice"
    )
    value_learning_rate: float = Field(1e-5, gt=0, description="learning rate of AdamW for the value model")


class PromptValues:
    """The value model V in training beside the policy, and which rows it chooses. See `GRPOPromptValue`.

    A row's value is that of the last token before the answer: what the chat template writes of the prompt.
    """

    def __init__(self, knobs: PromptValueKnobs, rows: "Mapping[int, Row]", spec: TrainSpec, tokenizer: Any) -> None:
        self.knobs, self.spec, self.tokenizer = knobs, spec, tokenizer
        chats = [row.columns["prompt"] for row in rows.values()]
        encoded = _chat.encode(tokenizer, _chat.special_texts(tokenizer), chats)
        self.ids = dict(zip(rows, encoded, strict=True))
        self.generation = 0
        self.predicted: dict[int, float] = {}
        with same_randomness():
            self.model = self._load()
        import torch

        self.model.to("cuda" if torch.cuda.is_available() else "cpu")
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=knobs.value_learning_rate, weight_decay=knobs.weight_decay
        )

    def _load(self) -> Any:
        """That of the training which made the policy's weights, else a new head on these weights."""
        start = _weights.locate(self.spec.policy)
        kept = Path(start) / FOLDER
        is_kept = kept.is_dir()
        dtype = _models.number_format(self.knobs)
        model: Any = _scorers.load(
            str(kept) if is_kept else start, dtype=dtype, trainable=True, seed=None if is_kept else self.spec.seed
        )
        return model.float().eval()

    def begin(self, lines: Sequence[JSON], fitted: Any) -> None:
        """Count the generations; of a training that is resumed the weights are there already, see `resume`."""
        self.generation = len(lines) // self.knobs.completions

    def resume(self, checkpoint: Path) -> None:
        """Go on as it was when the training checkpoint was saved."""
        import torch
        from safetensors.torch import load_model

        load_model(self.model, checkpoint / MODEL)
        state = torch.load(checkpoint / OPTIMIZER, map_location="cpu", weights_only=True)
        self.optimizer.load_state_dict(state)

    def choose(self, prompts: int) -> list[int]:
        """Draw candidates by chance, and take those whose predicted reward is nearest to the target."""
        chance = random.Random(f"{self.spec.seed} {self.generation} value")
        rows = list(self.ids)
        drawn = chance.sample(rows, min(len(rows), prompts * self.knobs.candidates))
        self.predicted = dict(zip(drawn, self.predict(drawn), strict=True))
        return nearest(self.predicted, self.knobs.target, prompts)

    def predict(self, rows: Sequence[int]) -> list[float]:
        """V of each row, by the model as it is."""
        predicted = [0.0] * len(rows)
        ids = [self.ids[row] for row in rows]
        size = self.knobs.per_device_train_batch_size
        for places, values in _scorers.rate(self.model, ids, pad=self.tokenizer.pad_token_id, at_once=size):
            for place, value in zip(places, values, strict=True):
                predicted[place] = value
        return predicted

    def learn(self, lines: Sequence[JSON]) -> dict[str, float]:
        """One optimizer step on mean (V(x) - mean reward of x)^2 over the prompts of a generation."""
        self.generation += 1
        seen = success(lines)
        if not seen:
            return {}
        predictions = [self.predicted[row] for row in seen]
        errors = [abs(value - seen[row]) for row, value in zip(seen, predictions, strict=True)]
        curves = {
            "prompt_value/predicted": math.fsum(predictions) / len(predictions),
            "prompt_value/error": mean_score(errors),
        }
        return curves | {"prompt_value/loss": self._step(seen)}

    def _step(self, seen: Rewards) -> float:
        import torch

        pad, device = self.tokenizer.pad_token_id, self.model.device
        self.model.config.get_text_config().pad_token_id = pad
        rows = list(seen)
        size, total = self.knobs.per_device_train_batch_size, 0.0
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            width = max(len(self.ids[row]) for row in some)
            padded = [self.ids[row] + [pad] * (width - len(self.ids[row])) for row in some]
            mask = [[1] * len(self.ids[row]) + [0] * (width - len(self.ids[row])) for row in some]
            ids, shown = (torch.tensor(tensor, device=device) for tensor in (padded, mask))
            values = self.model(input_ids=ids, attention_mask=shown, use_cache=False).logits[:, 0].float()
            targets = torch.tensor([seen[row] for row in some], device=device)
            loss = (values - targets).square().sum() / len(rows)
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.knobs.max_grad_norm or math.inf)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def save(self, folder: Path) -> None:
        """Write it as a model that scores."""
        self.model.save_pretrained(folder / FOLDER)
        self.tokenizer.save_pretrained(folder / FOLDER)


def nearest(predicted: Mapping[int, float], target: float, count: int) -> list[int]:
    """The rows whose value is nearest to the target; of equal ones the first."""
    return sorted(predicted, key=lambda row: abs(predicted[row] - target))[:count]


def success(lines: Sequence[JSON]) -> Rewards:
    """The mean reward of each row's completions; rows of which nothing is known are left out."""
    rewards: dict[int, list[float]] = {}
    for line in lines:
        if line["reward"] is not None:
            rewards.setdefault(line["row"], []).append(line["reward"])
    return {row: mean_score(some) for row, some in rewards.items()}


def keeping(values: PromptValues) -> "TrainerCallback":
    """A callback that writes the value model into each training checkpoint."""
    import torch
    from safetensors.torch import save_model
    from transformers import TrainerCallback

    class Keeping(TrainerCallback):
        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            save_model(values.model, str(folder / f"{MODEL}.part"))
            torch.save(values.optimizer.state_dict(), folder / f"{OPTIMIZER}.part")
            for name in (MODEL, OPTIMIZER):
                (folder / f"{name}.part").replace(folder / name)

    return Keeping()
