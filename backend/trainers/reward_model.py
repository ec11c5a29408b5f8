"""A reward model: a head of one number on a language model, trained so that chosen texts score above rejected ones."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from backend.engines import _scorers
from backend.trainers._scorer import ScorerTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class RewardModel(ScorerTrainer):
    """TRL's RewardTrainer: the mean of -log sigmoid(r(chosen) - r(rejected)) over pairs.

    Ouyang et al. 2022, arXiv 2203.02155, equation 1, with one pair a prompt. What it makes is a scorer, which the judge
    `reward_model` asks. It starts from a language model, whose head is replaced by a new one that the seed decides, or
    goes on from a scorer. A row with a text over max_length is left out.
    """

    trains_on: ClassVar[DatasetType] = DatasetType.preference
    later: ClassVar[tuple[str, ...]] = ("dropout",)

    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    center_rewards_coefficient: float | None = Field(
        None,
        ge=0,
        description="holds the mean of both scores of a pair near 0, by this factor (Eisenstein et al. 2023, arXiv "
        "2312.09244, equation 2); 0.01 is usual, unset leaves it out",
    )

    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the attention weights that is dropped in training; the scorer keeps it, so that the "
        "judge dropout_reward_model can say how sure it is. Not for lora, whose adapter does not keep it",
    )

    @model_validator(mode="after")
    def _keeps_dropout(self) -> "RewardModel":
        if self.dropout and self.lora:
            raise ValueError("An adapter does not keep the dropout of its base. Switch lora off, or set dropout to 0.")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "chosen", "rejected")

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.reward_config import RewardConfig
        from trl.trainer.reward_trainer import RewardTrainer

        if self.dropout:
            _scorers.set_dropout(weights.policy, self.dropout)
            arguments |= {"disable_dropout": False}
        return RewardTrainer(
            weights.policy,
            args=RewardConfig(**arguments, center_rewards_coefficient=self.center_rewards_coefficient),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
