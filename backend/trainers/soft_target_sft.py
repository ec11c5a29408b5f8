"""Supervised fine-tuning on soft targets: the text of the row, mixed with what a teacher would have said next.

At each token of the completion the target is (1 - a) * one-hot + a * q, q being the teacher's next-token distribution,
and the loss is the cross entropy to it: -(1 - a) * log p(y) - a * sum_v q(v) * log p(v). `alpha` is a.

With the policy's own start for the teacher and an `alpha` that grows from round to round this is self-knowledge
distillation with progressive refinement of targets (Kim et al. 2021, arXiv 2006.12000, section 3).
`adapt` by_token gives a token the share a * p(y), p being the policy that is trained: what it finds hard it learns from
the text, what it finds easy from the teacher (our reading of Self-Evolution KD, Song et al. 2024, arXiv 2412.15303).
`swap_logits` gives the text's token the teacher's highest logit and the token that had it the logit of the text's: the
teacher stays as sure as it was, and is never wrong. With `alpha` 1 and the model before training for the teacher it is
the logit swap self-distillation of Mix-CPT (Jiang et al. 2024, arXiv 2407.10804), which keeps what a model knew while
it learns new texts.
"""

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


class SoftTargetSFT(TRLTrainer):
    """TRL's SFTTrainer with soft targets. The role `reference` is the teacher, which has to have the same tokenizer."""

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_completion
    also_trains_on: ClassVar[tuple[DatasetType, ...]] = (DatasetType.language_modeling,)
    shares_tokenizer: ClassVar[bool] = True
    later: ClassVar[tuple[str, ...]] = ("swap_logits", "answers_only")

    reference: str = Field("policy", description="role of the teacher; it has to have the policy's tokenizer")
    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of AdamW")
    alpha: float = Field(0.5, ge=0, le=1, description="the teacher's share of the target; 0: plain SFT")
    adapt: Literal["none", "by_token"] = Field(
        "none",
        description="none: the same share at every token; by_token: the share times the probability that the policy "
        "gives the text's token, so that hard tokens are learned from the text",
    )
    temperature: float = Field(1.0, gt=0, description="temperature of the teacher's distribution; above 1 it is softer")
    weigh_examples: bool = Field(False, description="multiply each example's loss by its weight")
    normalise_weights: bool = Field(
        False, description="divide each weight by the mean weight of the dataset, so that the mean is 1"
    )

    swap_logits: bool = Field(
        False,
        description="where the teacher holds another token for likelier than the text's, these two change their logits",
    )
    answers_only: bool = Field(
        True, description="of conversations among plain texts only the last message is learned; off: all of them"
    )

    @property
    def masks_questions(self) -> bool:
        return self.answers_only

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", *(("weight",) if self.weigh_examples else ()))

    @property
    def needs_reference(self) -> bool:
        return True

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.sft_config import SFTConfig

        from backend.trainers._weights_of_rows import checked, with_mean_one

        if not self.weigh_examples:
            dataset = dataset.add_column("weight", [1.0] * len(dataset))  # type: ignore[call-arg]
        checked(dataset)
        if self.normalise_weights:
            dataset = with_mean_one(dataset)
        return soft_target(self, weights.reference)(
            weights.policy,
            args=SFTConfig(**arguments, completion_only_loss=True),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )


def token_losses(
    logits: "torch.Tensor", teacher: "torch.Tensor", labels: "torch.Tensor", knobs: SoftTargetSFT
) -> "torch.Tensor":
    """Return what each token loses, (tokens,), of logits and the teacher's logits, (tokens, vocabulary), and labels.

    Models of one tokenizer may have rows of padding behind its tokens, more or fewer of them: these are left out.
    """
    if logits.shape[-1] != teacher.shape[-1]:
        width = min(logits.shape[-1], teacher.shape[-1])
        logits, teacher = logits[:, :width], teacher[:, :width]
    if knobs.swap_logits:
        teacher = swapped(teacher, labels)
    log_p = logits.log_softmax(-1)
    of_label = log_p.gather(-1, labels[:, None])[:, 0]
    to_teacher = ((teacher / knobs.temperature).softmax(-1) * log_p).sum(-1)
    share = knobs.alpha * of_label.detach().exp() if knobs.adapt == "by_token" else knobs.alpha
    return -(1 - share) * of_label - share * to_teacher


def swapped(logits: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """Return the logits, (tokens, vocabulary), with those of each label and of each likeliest token exchanged."""
    highest, places = logits.max(-1, keepdim=True)
    own = logits.gather(-1, labels[:, None])
    return logits.scatter(-1, places, own).scatter(-1, labels[:, None], highest)


def soft_target(knobs: SoftTargetSFT, teacher: Any) -> "type[SFTTrainer]":
    """Return TRL's trainer with the loss; it is made here because torch and TRL are imported only when training."""
    import torch

    from backend.trainers._row_sft import row_sft, summed, unfused

    base: Any = row_sft("weight")

    class SoftTargetSFTTrainer(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.teacher = self.accelerator.prepare_model(teacher, evaluation_mode=True)

        def scored(self, model: Any, named: dict[str, Any], row: dict[str, "torch.Tensor"]) -> Any:
            """Both models' whole next-token distributions, of the completions' tokens alone."""
            inputs, labels, mask = unfused(named)
            outputs = model(**inputs)
            with torch.no_grad():
                asked = {name: inputs[name] for name in ("input_ids", "attention_mask") if name in inputs}
                self.teacher.eval()
                target = self.teacher(**asked, use_cache=False).logits[:, :-1][mask].float()
            logits, wanted = outputs.logits[:, :-1][mask].float(), labels[mask]
            return summed(outputs, token_losses(logits, target, wanted, knobs), logits, wanted, row, mask)

    return SoftTargetSFTTrainer
