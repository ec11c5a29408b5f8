"""On-policy distillation: the policy writes, and is drawn to the teacher's next-token distributions on what it wrote.

Agarwal et al. 2024, arXiv 2306.13649 (generalized knowledge distillation), as TRL has it: of each prompt the policy
samples a text while it is trained, and the loss is a generalized Jensen-Shannon divergence between the distributions
of policy and teacher at each of its tokens. Of the dataset's rows the prompts alone are read; those that do not fill an
optimizer step are left out of that pass over the dataset.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.errors import InvalidInput
from backend.trainers._rows import fitting, longest
from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer
    from trl.trainer.distillation_trainer import DistillationTrainer

    from backend.trainers._inputs import TrainerInputs


class Distill(TRLTrainer):
    """TRL's DistillationTrainer. The role `reference` is the teacher, which has to have the policy's tokenizer."""

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_completion
    shares_tokenizer: ClassVar[bool] = True

    reference: str = Field("teacher", description="role of the teacher; it has to have the policy's tokenizer")
    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    beta: float = Field(
        1.0, ge=0, le=1, description="0: forward KL divergence, 1: reverse, between them a Jensen-Shannon divergence"
    )
    max_completion_length: int = Field(512, ge=1, description="most tokens that the policy writes for a prompt")
    temperature: float = Field(1.0, gt=0, description="temperature of sampling, and of both distributions in the loss")
    top_p: float = Field(1.0, gt=0, le=1, description="share of probability that sampling chooses from")
    top_k: int = Field(0, ge=0, description="tokens that sampling chooses from; 0: all")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt",)

    @property
    def needs_reference(self) -> bool:
        return True

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.distillation_config import DistillationConfig

        own, others = (model.config.get_text_config().vocab_size for model in (weights.policy, weights.reference))
        if own != others:
            raise InvalidInput(
                f"The policy's head has {own:,} rows and the teacher's {others:,}: they share a tokenizer, but one is "
                "padded further, which TRL does not take. Choose a teacher of the policy's size of vocabulary, or the "
                "trainer soft_target_sft."
            )
        most = arguments["max_length"]
        kept = fitting(dataset, weights.tokenizer, most)
        room = most - longest(kept, weights.tokenizer)
        # TRL takes whole steps only: with fewer prompts than one step asks for it would make none at all.
        size = min(self.per_device_train_batch_size, len(kept))
        arguments |= {
            "per_device_train_batch_size": size,
            "gradient_accumulation_steps": min(self.gradient_accumulation_steps, len(kept) // size),
        }
        return resumable()(
            weights.policy,
            teacher_model=weights.reference,
            args=DistillationConfig(
                **{name: value for name, value in arguments.items() if name != "max_length"},
                max_completion_length=min(self.max_completion_length, room),
                **{name: getattr(self, name) for name in ("beta", "temperature", "top_p", "top_k")},
            ),
            train_dataset=kept,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )


def resumable() -> "type[DistillationTrainer]":
    """Return TRL's trainer whose order of rows in a pass follows from the number of the pass.

    TRL draws the orders one after the other, so that a training that is resumed in a later pass would begin it in the
    order of the first. Made here because torch and TRL are imported only when training.
    """
    import torch
    from trl.trainer.distillation_trainer import DistillationTrainer
    from trl.trainer.utils import RepeatSampler

    class ByPass(RepeatSampler):
        def set_epoch(self, epoch: int) -> None:
            self.generator.manual_seed(self.seed or 0)
            for _ in range(epoch):
                torch.randperm(self.num_samples, generator=self.generator)

    class ResumableDistillationTrainer(DistillationTrainer):
        def _get_train_sampler(self, dataset: Any = None) -> Any:
            sampler: Any = super()._get_train_sampler(dataset)
            return ByPass(
                sampler.data_source,
                sampler.mini_repeat_count,
                sampler.batch_size,
                sampler.repeat_count,
                sampler.shuffle,
                sampler.seed,
            )

    return ResumableDistillationTrainer
