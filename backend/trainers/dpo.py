"""Direct preference optimization, with the variants that iterated methods use.

`loss_type=("sigmoid", "sft")` adds the likelihood of the chosen side, as Iterative RPO and ScPO do. TRL's "sft"
is the mean over all chosen tokens of a batch, so long texts count more. `weigh_examples` gives the papers' form:
every example's two terms are multiplied by its weight w, and its likelihood is divided by its own length,
-w * log sigmoid(beta * delta) - alpha * w / |y+| * log pi(y+). All weights 1 is Iterative RPO. `normalise_weights`
divides the weights by their mean over the dataset, as EAST does (Wang et al. 2025, arXiv 2503.23913).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from backend.trainers import TrainSpec, _step_rows
from backend.trainers._trl import TRLTrainer
from backend.values import FLIP, GOES_ON, DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs

LossType = Literal[
    "sigmoid",
    "hinge",
    "ipo",
    "exo_pair",
    "robust",
    "nca_pair",
    "bco_pair",
    "sppo_hard",
    "aot",
    "aot_unpaired",
    "apo_zero",
    "apo_down",
    "discopop",
    "sft",
    "sigmoid_norm",
]
"""All of TRL 1.16."""
SORTS = {"aot", "aot_unpaired"}
"""They compare the chosen and rejected sides of a batch in the order of their likelihood."""
WEIGHABLE = {"sigmoid", "sft"}
LOSS_HELP = (
    "terms of the loss, as in TRL's DPOConfig (https://huggingface.co/docs/trl/dpo_trainer): sigmoid is "
    "DPO's, and RSO's sigmoid-norm with beta as its gamma; hinge the margin loss, RSO's hinge-norm; ipo IPO's; sft the "
    "likelihood of the chosen side. sigmoid_norm divides each side's log-ratio by its length, and is not RSO's"
)


class DPO(TRLTrainer):
    """TRL's DPOTrainer, with a weight for each example if wanted."""

    trains_on: ClassVar[DatasetType] = DatasetType.preference
    trains_steps: ClassVar[bool] = True
    later: ClassVar[tuple[str, ...]] = ("label_smoothing", "discopop_tau", "smooth_examples")

    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    beta: float = Field(0.1, gt=0, description="how strongly the policy is held to the reference")
    loss_type: tuple[LossType, ...] = Field(("sigmoid",), min_length=1, description=LOSS_HELP)
    loss_weights: tuple[float, ...] = Field((), description="factor of each term; empty: all 1")
    weigh_examples: bool = Field(
        False, description="multiply each example's loss by its weight, and divide its likelihood by its length"
    )
    normalise_weights: bool = Field(
        False, description="divide each weight by the mean weight of the dataset, so that the mean is 1"
    )

    smooth_examples: bool = Field(
        False,
        description="mix in each pair's loss the other way round by the row's column flip, the probability that it is; "
        "for weigh_examples with the term sigmoid",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=0.5, description="probability that a pair is the wrong way round; of robust, exo_pair and aot"
    )
    discopop_tau: float = Field(0.05, gt=0, description="temperature of the blend in discopop")

    @model_validator(mode="after")
    def _terms_fit(self) -> "DPO":
        if self.loss_weights and len(self.loss_weights) != len(self.loss_type):
            raise ValueError(
                f"There are {len(self.loss_weights)} loss_weights for {len(self.loss_type)} terms in loss_type. "
                "Give one for each, or none."
            )
        if self.weigh_examples and not set(self.loss_type) <= WEIGHABLE:
            raise ValueError("Examples can be weighed in the terms sigmoid and sft only. Choose these, or no weights.")
        if self.smooth_examples and not (self.weigh_examples and "sigmoid" in self.loss_type):
            raise ValueError(
                "smooth_examples changes the term sigmoid of weighed examples. Switch weigh_examples on and put "
                "sigmoid into loss_type, or leave it out."
            )
        if "exo_pair" in self.loss_type and not self.label_smoothing:
            raise ValueError("The term exo_pair needs a label_smoothing above 0, such as 0.001. Set it.")
        if self.normalise_weights and not self.weigh_examples:
            raise ValueError("There are no weights to normalise. Switch weigh_examples on, or normalise_weights off.")
        return self

    @property
    def one_process(self) -> str:
        if SORTS & set(self.loss_type):
            return "the terms aot and aot_unpaired sort the examples that one reads"
        return "weighed examples are added up in one" if self.weigh_examples else ""

    @property
    def columns(self) -> tuple[str, ...]:
        weights = ("weight",) if self.weigh_examples else ()
        return ("prompt", "chosen", "rejected", *weights, *self.wants)

    @property
    def wants(self) -> tuple[str, ...]:
        return (FLIP,) if self.smooth_examples else ()

    @property
    def needs_reference(self) -> bool:
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        return (GOES_ON,)

    def make(
        self, arguments: dict[str, Any], weights: "TrainerInputs", rows: "Sequence[Row]", spec: TrainSpec
    ) -> "HFTrainer":
        if not _step_rows.are_steps(rows):
            return super().make(arguments, weights, rows, spec)
        dataset = _step_rows.pairs(weights.tokenizer, rows, arguments["max_length"])
        return self._fitted(arguments, weights, dataset, are_tokens=True)

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        return self._fitted(arguments, weights, dataset)

    def _fitted(
        self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset", *, are_tokens: bool = False
    ) -> "HFTrainer":
        from trl.trainer.dpo_config import DPOConfig
        from trl.trainer.dpo_trainer import DPOTrainer

        from backend.trainers._weighted_dpo import weighted_dpo
        from backend.trainers._weights_of_rows import with_mean_one

        config = DPOConfig(
            **arguments,
            beta=self.beta,
            loss_type=list(self.loss_type),
            loss_weights=list(self.loss_weights) or None,
            label_smoothing=self.label_smoothing,
            discopop_tau=self.discopop_tau,
        )
        if self.normalise_weights:
            dataset = with_mean_one(dataset)
        trainer_class = weighted_dpo() if self.weigh_examples else DPOTrainer
        if are_tokens:
            trainer_class = _step_rows.as_given(trainer_class)
        return trainer_class(
            weights.policy,
            ref_model=weights.reference,
            args=config,
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
