"""Supervised fine-tuning on the completions; the loss leaves the prompt out."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._models import Weights


class SFT(TRLTrainer):
    """TRL's SFTTrainer: the mean over all completion tokens of a batch."""

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_completion

    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of AdamW")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion")

    def build(self, arguments: dict[str, Any], weights: "Weights", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.sft_config import SFTConfig
        from trl.trainer.sft_trainer import SFTTrainer

        return SFTTrainer(
            weights.policy,
            args=SFTConfig(**arguments, completion_only_loss=True),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
