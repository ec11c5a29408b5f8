"""Kahneman-Tversky optimization: single texts labelled good or bad."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._models import Weights


class KTO(TRLTrainer):
    """TRL's KTOTrainer. Rows are shuffled once: it pairs each with its neighbour to estimate the divergence."""

    trains_on: ClassVar[DatasetType] = DatasetType.unpaired_preference

    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    per_device_train_batch_size: int = Field(8, ge=2, description="examples in one forward pass")
    beta: float = Field(0.1, gt=0, description="how strongly the policy is held to the reference")
    desirable_weight: float = Field(1.0, ge=0, description="factor of the loss of good texts")
    undesirable_weight: float = Field(1.0, ge=0, description="factor of the loss of bad texts")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", "label")

    @property
    def needs_reference(self) -> bool:
        return True

    @property
    def keeps_order(self) -> bool:
        return True

    def build(self, arguments: dict[str, Any], weights: "Weights", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.kto_config import KTOConfig
        from trl.trainer.kto_trainer import KTOTrainer

        config = KTOConfig(
            **arguments,
            beta=self.beta,
            desirable_weight=self.desirable_weight,
            undesirable_weight=self.undesirable_weight,
        )
        return KTOTrainer(
            weights.policy,
            ref_model=weights.reference,
            args=config,
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
