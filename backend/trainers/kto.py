"""Kahneman-Tversky optimization: single texts labelled good or bad (Ethayarajh et al. 2024, arXiv 2402.01306).

`weigh_examples` multiplies what each example loses by its weight, beside the factor of its label;
`normalise_weights` divides the weights by their mean over the dataset, the KTO form of EAST (Wang et al. 2025, arXiv
2503.23913). All weights 1 is TRL's own loss.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class KTO(TRLTrainer):
    """TRL's KTOTrainer. Rows are shuffled once: it pairs each with its neighbour to estimate the divergence."""

    trains_on: ClassVar[DatasetType] = DatasetType.unpaired_preference
    later: ClassVar[tuple[str, ...]] = ("loss_type", "weigh_examples", "normalise_weights")

    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    per_device_train_batch_size: int = Field(8, ge=2, description="examples in one forward pass")
    beta: float = Field(0.1, gt=0, description="how strongly the policy is held to the reference")
    desirable_weight: float = Field(1.0, ge=0, description="factor of the loss of good texts")
    undesirable_weight: float = Field(1.0, ge=0, description="factor of the loss of bad texts")
    loss_type: Literal["kto", "apo_zero_unpaired"] = Field(
        "kto", description="kto, or apo_zero_unpaired, which estimates no divergence"
    )
    weigh_examples: bool = Field(False, description="multiply each example's loss by its weight")
    normalise_weights: bool = Field(
        False, description="divide each weight by the mean weight of the dataset, so that the mean is 1"
    )

    @model_validator(mode="after")
    def _has_weights(self) -> "KTO":
        if self.normalise_weights and not self.weigh_examples:
            raise ValueError("There are no weights to normalise. Switch weigh_examples on, or normalise_weights off.")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", "label", *(("weight",) if self.weigh_examples else ()))

    @property
    def needs_reference(self) -> bool:
        return True

    @property
    def keeps_order(self) -> bool:
        return True

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.kto_config import KTOConfig
        from trl.trainer.kto_trainer import KTOTrainer

        from backend.trainers._weighted_kto import weighted_kto
        from backend.trainers._weights_of_rows import checked, with_mean_one

        config = KTOConfig(
            **arguments,
            beta=self.beta,
            desirable_weight=self.desirable_weight,
            undesirable_weight=self.undesirable_weight,
            loss_type=self.loss_type,
        )
        if self.weigh_examples:
            checked(dataset)
        if self.normalise_weights:
            dataset = with_mean_one(dataset)
        trainer_class = weighted_kto() if self.weigh_examples else KTOTrainer
        return trainer_class(
            weights.policy,
            ref_model=weights.reference,
            args=config,
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
