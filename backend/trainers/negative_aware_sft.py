"""Negative-aware fine-tuning (NFT): likelihood of right texts, and of wrong ones through what is left to be right.

Chen et al. 2025, arXiv 2505.18116. Of each next token R = pi / pi_old is the ratio of the trained policy to the one
before training, and r_q the share of right texts of the prompt. A right text loses -log R for each token, a wrong one
-log max(epsilon, (1 - r_q R) / (1 - r_q)), the gradient being kept where the maximum is epsilon. Both are multiplied
by a weight of the prompt: 1, 1 - r_q (where the policy is still the old one, the gradient is that of GRPO with
advantages that are not divided by their deviation, as Dr. GRPO has them) or sqrt((1 - r_q) / r_q) (that of GRPO).

The log-probabilities of pi_old are computed from the weights that training starts from: they are those of the
samples' author where the samples came from these weights at temperature 1.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from transformers import Trainer as HFTrainer
    from trl.trainer.sft_trainer import SFTTrainer

    from backend.trainers._inputs import TrainerInputs

PromptWeight = Literal["one", "one_minus_rate", "root_of_odds"]


class NegativeAwareSFT(TRLTrainer):
    """TRL's SFTTrainer with the loss of NFT; its mean over all completion tokens of an optimizer step."""

    trains_on: ClassVar[DatasetType] = DatasetType.unpaired_preference
    reads: ClassVar[tuple[str, ...]] = ("rate",)

    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    negative_weight: float = Field(
        1.0, ge=0, description="factor of the loss of wrong texts; 0: right texts alone, as in rejection sampling"
    )
    epsilon: float = Field(1.0, gt=0, description="least value of (1 - r_q R) / (1 - r_q); its gradient is kept")
    rate_margin: float = Field(0.02, gt=0, lt=0.5, description="r_q is kept so far from 0 and from 1")
    prompt_weight: PromptWeight = Field(
        "one_minus_rate",
        description="factor of all texts of a prompt: 1, 1 - r_q (as Dr. GRPO), or sqrt((1 - r_q) / r_q) (as GRPO)",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", "label", *self.reads)

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.sft_config import SFTConfig

        from backend.trainers._old_log_probs import add_old_log_probs

        fitted = negative_aware(self)(
            weights.policy,
            args=SFTConfig(**arguments, completion_only_loss=True),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
        add_old_log_probs(fitted, Path(arguments["output_dir"]))
        return fitted


def token_losses(
    log_probs: "torch.Tensor", old: "torch.Tensor", label: "torch.Tensor", rate: "torch.Tensor", knobs: NegativeAwareSFT
) -> "torch.Tensor":
    """Return what each token loses.

    log_probs, old: of each next token, (rows, tokens), with gradient and without. label: 1 right, 0 wrong, and rate:
    r_q, of each row.
    """
    import torch

    r = rate.clamp(knobs.rate_margin, 1 - knobs.rate_margin)[:, None]
    log_ratio = log_probs - old
    implied = (1 - r * log_ratio.exp()) / (1 - r)
    # The value of the maximum with the gradient of what is compared: a token below epsilon is still pushed down.
    floored = implied + (implied.clamp(min=knobs.epsilon) - implied).detach()
    factor = {"one": torch.ones_like(r), "one_minus_rate": 1 - r, "root_of_odds": ((1 - r) / r).sqrt()}
    losses = torch.where(label[:, None] > 0, -log_ratio, -knobs.negative_weight * floored.log())
    return factor[knobs.prompt_weight] * losses


def negative_aware(knobs: NegativeAwareSFT) -> "type[SFTTrainer]":
    """Return TRL's trainer with the loss; it is made here because torch and TRL are imported only when training."""
    from backend.trainers._row_sft import OLD, row_sft

    base: Any = row_sft("label", "rate")

    class NegativeAwareSFTTrainer(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            collate: Any = self.data_collator  # type: ignore[has-type]

            def collated(examples: list[dict[str, Any]]) -> dict[str, Any]:
                batch: dict[str, Any] = collate(examples)
                if knobs.negative_weight == 0:
                    # Wrong texts lose nothing, so their tokens are not among those that the mean is over.
                    batch["labels"][batch["label"] == 0] = -100
                return batch

            self.data_collator = collated

        def token_losses(
            self, log_probs: "torch.Tensor", mask: "torch.Tensor", row: dict[str, "torch.Tensor"]
        ) -> "torch.Tensor":
            losses = token_losses(log_probs, row[OLD], row["label"], row["rate"], knobs)
            for name, value in (("rate", row["rate"]), ("label", row["label"])):
                self._metrics["train"][name].append(value.mean().item())
            ratio = ((log_probs - row[OLD]).exp() * mask).sum() / mask.sum().clamp(min=1)
            self._metrics["train"]["ratio"].append(ratio.item())
            return losses * mask

    return NegativeAwareSFTTrainer
