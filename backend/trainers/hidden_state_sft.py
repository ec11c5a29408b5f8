"""Supervised fine-tuning that is held near a teacher's hidden states.

Each token loses -log p(y) + pull * ||h - h_T||^2, h and h_T being the last hidden states, behind the final norm, from
which policy and teacher predict it. Self-distillation for further pre-training (Lee et al. 2022, arXiv 2210.02871)
pulls the weights that a model began with to a copy of them that was adapted to the texts of a domain.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.errors import InvalidInput
from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from transformers import Trainer as HFTrainer
    from trl.trainer.sft_trainer import SFTTrainer

    from backend.trainers._inputs import TrainerInputs


class HiddenStateSFT(TRLTrainer):
    """TRL's SFTTrainer with the pull. The role `reference` is the teacher: same tokenizer, hidden states as long."""

    trains_on: ClassVar[DatasetType] = DatasetType.language_modeling
    also_trains_on: ClassVar[tuple[DatasetType, ...]] = (DatasetType.prompt_completion,)
    shares_tokenizer: ClassVar[bool] = True

    reference: str = Field(
        "teacher", description="role of the teacher, whose hidden states are as long as the policy's"
    )
    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of AdamW")
    pull: float = Field(
        1.0, ge=0, description="factor of the squared distance between the hidden states; 0: plain fine-tuning"
    )
    answers_only: bool = Field(
        True, description="of conversations among plain texts only the last message is learned; off: all of them"
    )

    @property
    def masks_questions(self) -> bool:
        return self.answers_only

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion")

    @property
    def needs_reference(self) -> bool:
        return True

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.sft_config import SFTConfig

        own, others = (model.config.get_text_config().hidden_size for model in (weights.policy, weights.reference))
        if own != others:
            raise InvalidInput(
                f"The hidden states of the policy have {own:,} numbers and those of the teacher {others:,}, so they "
                "have no distance. Choose a teacher that was made from the same base."
            )
        return held(self, weights.reference)(
            weights.policy,
            args=SFTConfig(**arguments, completion_only_loss=True),
            train_dataset=dataset.add_column("weight", [1.0] * len(dataset)),  # type: ignore[call-arg]
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )


def token_losses(
    logits: "torch.Tensor", labels: "torch.Tensor", hidden: "torch.Tensor", teacher: "torch.Tensor", pull: float
) -> "torch.Tensor":
    """Return what each token loses, (tokens,), of logits, (tokens, vocabulary), and hidden states, (tokens, size)."""
    of_label = logits.log_softmax(-1).gather(-1, labels[:, None])[:, 0]
    return pull * (hidden - teacher).square().sum(-1) - of_label


def held(knobs: HiddenStateSFT, teacher: Any) -> "type[SFTTrainer]":
    """Return TRL's trainer with the loss; it is made here because torch and TRL are imported only when training."""
    import torch

    from backend.trainers._row_sft import row_sft, summed, unfused

    base: Any = row_sft("weight")

    class HiddenStateSFTTrainer(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.teacher = self.accelerator.prepare_model(teacher, evaluation_mode=True)

        def scored(self, model: Any, named: dict[str, Any], row: dict[str, "torch.Tensor"]) -> Any:
            """Both models' last hidden states, at the tokens that are learned alone."""
            inputs, labels, mask = unfused(named)
            outputs = model(**inputs, output_hidden_states=True)
            with torch.no_grad():
                asked = {name: inputs[name] for name in ("input_ids", "attention_mask") if name in inputs}
                self.teacher.eval()
                teacher_outputs = self.teacher(**asked, use_cache=False, output_hidden_states=True)
                target = teacher_outputs.hidden_states[-1][:, :-1][mask].float()
            hidden, logits = outputs.hidden_states[-1][:, :-1][mask].float(), outputs.logits[:, :-1][mask].float()
            losses = token_losses(logits, labels[mask], hidden, target, knobs.pull)
            distance = (hidden.detach() - target).square().sum(-1).mean() if len(target) else hidden.sum()
            self._metrics["train"]["distance"].append(distance.item())
            return summed(outputs, losses, logits, labels[mask], row, mask)

    return HiddenStateSFTTrainer
