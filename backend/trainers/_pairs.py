"""What trainers of pairs that need no reference share: TRL's experimental ones, with rows as the others read them."""

import os
from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.trainers._rows import fitting
from backend.trainers._trl import TRLTrainer

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class WithoutReference(TRLTrainer, abstract=True):
    """Trains on pairs, and keeps the policy near nothing but its own data."""

    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "chosen", "rejected")

    def fitted(
        self, trainer: Any, config: Any, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        """Return the TRL trainer of this class on the rows whose prompt leaves room for a text."""

        class OnTokensOfTemplate(trainer):
            def tokenize_row(self, feature: dict[str, str], model: Any = None) -> dict[str, list[int]]:
                return tokens_of(self.processing_class, feature, self.max_length)

        fitted_trainer: HFTrainer = OnTokensOfTemplate(
            weights.policy,
            args=config,
            train_dataset=fitting(dataset, weights.tokenizer, arguments["max_length"]),
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
        return fitted_trainer


def silence_experimental() -> None:
    """Keep TRL from warning of its experimental package, whose version is pinned here."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")


def tokens_of(tokenizer: Any, texts: dict[str, str], most: int) -> dict[str, list[int]]:
    """Return the columns of token ids of a pair: what the chat template wrote, cut off at `most` tokens.

    TRL's own would put the tokenizer's first token before what the template wrote, and its last one behind it, where
    they are not there: sampling and the other trainers have them only where the template says so.
    """
    from trl.data_utils import common_prefix_length

    def ids(text: str) -> list[int]:
        token_ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return token_ids

    prompt = ids(texts["prompt"])
    tokens = {"prompt_input_ids": prompt, "prompt_attention_mask": [1] * len(prompt)}
    for side in ("chosen", "rejected"):
        whole = ids(texts["prompt"] + texts[side])
        start = common_prefix_length(prompt, whole)
        kept = whole[:most]
        tokens |= {
            f"{side}_input_ids": kept,
            f"{side}_attention_mask": [1] * len(kept),
            f"{side}_labels": [-100] * min(start, len(kept)) + kept[start:],
        }
    return tokens
