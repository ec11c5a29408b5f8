"""A scorer of steps: a head of one number on a language model, trained to give the value of a text up to a step."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.trainers._scorer import ScorerTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class StepScorer(ScorerTrainer):
    """The mean of (v(prompt, text) - value)^2 over rows, each the text up to the end of one step.

    v is a linear head over the hidden state at the end of the text, as the engine's `rate` reads it: the text as the
    assistant's turn. The value model of ReST-MCTS* is trained so (Zhang et al. 2024, arXiv 2406.03816, released code),
    with its head on the logits instead. The head gives any number, and near 0 to 1 once it has learned such values. It
    starts from a language model, whose head is replaced by a new one that the seed decides, or goes on from a scorer. A
    row over max_length is left out.
    """

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_completion
    reads: ClassVar[tuple[str, ...]] = ("value",)

    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of AdamW")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", "value")

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from datasets import Dataset
        from transformers import DataCollatorWithPadding, TrainingArguments

        from backend.engines import _chat

        tokenizer: Any = weights.tokenizer
        texts = [row[0]["content"] for row in dataset["completion"]]
        encoded = _chat.encode_closed(tokenizer, _chat.special_texts(tokenizer), list(dataset["prompt"]), texts)
        kept = [
            {"input_ids": ids, "labels": float(value)}
            for ids, value in zip(encoded, dataset["value"], strict=True)
            if len(ids) <= arguments["max_length"]
        ]
        if not kept:
            raise StopIteration
        model: Any = weights.policy
        model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
        if weights.lora is not None:
            from peft import get_peft_model

            model = get_peft_model(model, weights.lora)
        if self.gradient_checkpointing:
            model.enable_input_require_grads()
        config = {name: value for name, value in arguments.items() if name != "max_length"}
        trainer: HFTrainer = value_trainer()(
            model,
            args=TrainingArguments(**config, remove_unused_columns=False),
            train_dataset=Dataset.from_list(kept),
            data_collator=DataCollatorWithPadding(tokenizer),
            processing_class=tokenizer,
        )
        return trainer


def value_trainer() -> "type[HFTrainer]":
    """Return the trainer with the loss; it is made here because transformers is imported only when training."""
    from transformers import Trainer

    class ValueTrainer(Trainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # The loss is a mean over a forward pass, so that those of one optimizer step are averaged.
            self.model_accepts_loss_kwargs = False

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            values = inputs.pop("labels")
            outputs = model(**inputs, use_cache=False)
            loss = (outputs.logits[:, 0].float() - values.float()).square().mean()
            return (loss, outputs) if return_outputs else loss

    return ValueTrainer
