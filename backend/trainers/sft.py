"""Supervised fine-tuning on the completions; the loss leaves the prompt out. Plain texts are learned whole, and of
episodes what the policy wrote: what its environment said is in no loss.

`weigh_examples` multiplies what each example loses by its weight w: with all weights 1 it is TRL's own loss.
`normalise_weights` divides the weights by their mean over the dataset, the SFT form of EAST (Wang et al. 2025, arXiv
2503.23913). `reduction` sum adds the tokens of an example up instead of taking the mean over all tokens of a step:
with the sequence probability p_old(y|x) for weight and `weight_offset` alpha this is the loss of RLSC,
-(p_old(y|x) + alpha) log pi(y|x) (Li et al. 2025, arXiv 2506.06395).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from backend.engines import _chat
from backend.trainers import TrainSpec, _episodes, _rows, _texts
from backend.trainers._row_sft import Reduction
from backend.trainers._trl import TRLTrainer
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import LeftOut, Row, TrainerInputs

KEPT = "rondo_rows_kept"
"""Of TRL's trainer: how many rows it has, where it cannot say so itself."""


class SFT(TRLTrainer):
    """TRL's SFTTrainer: the mean over all completion tokens of an optimizer step, unless a knob says otherwise."""

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_completion
    trains_turns: ClassVar[bool] = True
    also_trains_on: ClassVar[tuple[DatasetType, ...]] = (DatasetType.language_modeling,)
    later: ClassVar[tuple[str, ...]] = (
        "weigh_examples",
        "normalise_weights",
        "weight_offset",
        "reduction",
        "answers_only",
        "continue_optimizer",
        "packing",
    )

    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of AdamW")
    weigh_examples: bool = Field(False, description="multiply each example's loss by its weight")
    normalise_weights: bool = Field(
        False, description="divide each weight by the mean weight of the dataset, so that the mean is 1"
    )
    weight_offset: float = Field(0.0, ge=0, description="number added to every weight, after normalise_weights")
    reduction: Reduction = Field(
        "mean",
        description="mean: over all completion tokens of an optimizer step; sum: over the tokens of an example, then "
        "the mean over examples",
    )
    answers_only: bool = Field(
        True, description="of conversations among plain texts only the last message is learned; off: all of them"
    )
    continue_optimizer: bool = Field(
        False,
        description="go on with the optimizer's state of the training that made the weights it starts from, where that "
        "one had this switched on, too; for a learning rate that is constant",
    )

    packing: bool = Field(
        False,
        description="put short examples together into rows of max_length tokens, so that none is padded; each sees "
        "itself alone. A row then counts as one example of per_device_train_batch_size",
    )

    @property
    def one_process(self) -> str:
        if self.weigh_examples or self.reduction == "sum":
            return "weighed examples and the reduction sum are added up in one"
        return "the state of continue_optimizer is read and written by one" if self.continue_optimizer else ""

    @property
    def packs(self) -> bool:
        return self.packing

    @property
    def keeps_optimizer(self) -> bool:
        return self.continue_optimizer

    @model_validator(mode="after")
    def _goes_on(self) -> "SFT":
        if self.continue_optimizer and (self.lr_scheduler_type != "constant" or self.warmup_steps):
            raise ValueError(
                "continue_optimizer goes on where the round before ended, but the learning rate would begin anew. Set "
                "lr_scheduler_type to constant and warmup_steps to 0."
            )
        return self

    @model_validator(mode="after")
    def _has_weights(self) -> "SFT":
        if (self.normalise_weights or self.weight_offset) and not self.weigh_examples:
            knob = "normalise_weights" if self.normalise_weights else "weight_offset"
            raise ValueError(f"There are no weights for {knob} to change. Switch weigh_examples on, or leave it out.")
        return self

    @model_validator(mode="after")
    def _packs_trls_rows(self) -> "SFT":
        if self.packing and (self.weigh_examples or self.reduction == "sum"):
            raise ValueError(
                "packing puts several examples into one row, and weigh_examples and the reduction sum count each by "
                "itself. Switch packing off, or these."
            )
        return self

    @property
    def masks_questions(self) -> bool:
        return self.answers_only

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt", "completion", *(("weight",) if self.weigh_examples else ()))

    def unfit(self, weights: "TrainerInputs", rows: "Sequence[Row]", most: int) -> "LeftOut":
        if not _episodes.are_episodes(rows):
            return self._over_length(weights, rows, most) if self.packing else {}
        try:
            return _episodes.unsteady(weights.tokenizer, rows)
        except _chat.REFUSALS:
            return {}  # rows that the template refuses are found where TRL's trainer is made

    def _over_length(self, weights: "TrainerInputs", rows: "Sequence[Row]", most: int) -> "LeftOut":
        """Rows of which nothing would be learned: where TRL packs, it does not drop them itself."""
        try:
            return _rows.too_long(weights.tokenizer, rows, most)
        except _chat.REFUSALS:
            return {}

    def rows_kept(self, fitted: "HFTrainer", rows: "Sequence[Row]") -> int:
        dataset: Any = fitted.train_dataset
        if not self.packing:
            return super().rows_kept(fitted, rows)
        pieces: int | None = getattr(fitted, KEPT, None)
        return sum(map(len, dataset["seq_lengths"])) if pieces is None else pieces

    def make(
        self, arguments: dict[str, Any], weights: "TrainerInputs", rows: "Sequence[Row]", spec: TrainSpec
    ) -> "HFTrainer":
        if not _episodes.are_episodes(rows):
            return super().make(arguments, weights, rows, spec)
        import datasets

        rows_made = _episodes.tokenized(weights.tokenizer, [row.columns for row in rows], arguments["max_length"])
        return self.build(arguments, weights, datasets.Dataset.from_list(rows_made))

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        from trl.trainer.sft_config import SFTConfig
        from trl.trainer.sft_trainer import SFTTrainer

        from backend.trainers._row_sft import weighted_sft
        from backend.trainers._weights_of_rows import checked, with_mean_one, with_offset

        trainer_class = SFTTrainer
        if self.weigh_examples:
            checked(dataset)
            dataset = with_mean_one(dataset) if self.normalise_weights else dataset
            dataset = with_offset(dataset, self.weight_offset) if self.weight_offset else dataset
            trainer_class = weighted_sft(self.reduction)
        elif self.reduction == "sum":
            dataset = dataset.add_column("weight", [1.0] * len(dataset))
            trainer_class = weighted_sft(self.reduction)
        fitted = trainer_class(
            weights.policy,
            args=SFTConfig(**arguments, completion_only_loss=True, packing=self.packing),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
        if self.packing and _texts.ROW in dataset.column_names:
            # Of long texts in pieces; which row each is of is forgotten where they are packed.
            learned = zip(dataset[_texts.ROW], dataset["labels"], strict=True)
            setattr(fitted, KEPT, len({row for row, labels in learned if any(x != _texts.IGNORED for x in labels)}))
        return fitted
