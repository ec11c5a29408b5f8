"""What all trainers through TRL share: knobs, and what each tells of how it is built."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from backend.errors import MissingPrerequisite
from backend.trainers import Trainer, TrainSpec, _folders, _hardware, _texts
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import LeftOut, Row, TrainerInputs


TRACKERS = {"mlflow": "mlflow", "trackio": "trackio", "wandb": "wandb"}
"""Packages of trackers that Rondo does not bring."""


class TRLKnobs(Trainer, abstract=True):
    """Knobs under TRL's names; those a knob does not name keep TRL's defaults."""

    later: ClassVar[tuple[str, ...]] = ("num_processes", "strategy", "load_in_4bit", "report_to")

    learning_rate: float = Field(1e-5, gt=0, description="peak learning rate of AdamW")
    num_train_epochs: float = Field(1.0, gt=0, description="passes over the dataset")
    max_steps: int = Field(-1, ge=-1, description="optimizer steps; above 0 it replaces num_train_epochs")
    per_device_train_batch_size: int = Field(8, ge=1, description="examples in one forward pass")
    gradient_accumulation_steps: int = Field(1, ge=1, description="forward passes for one optimizer step")
    max_length: int = Field(1024, ge=2, description="tokens of an example; longer ones are cut at the end")
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = Field(
        "linear", description="how the learning rate falls"
    )
    warmup_steps: float = Field(
        0.0, ge=0, description="steps (or, below 1, share of all steps) of rising learning rate"
    )
    weight_decay: float = Field(0.0, ge=0, description="decoupled weight decay")
    max_grad_norm: float = Field(1.0, ge=0, description="gradients are clipped to this norm; 0 clips none")
    logging_steps: int | None = Field(
        None,
        ge=1,
        description="steps between two points of the curves; unset: 1 in a training of at most 50 steps, else 10",
    )
    save_steps: float = Field(
        0.25,
        gt=0,
        description="steps (or, below 1, share of all steps) between checkpoints a resumed training starts from",
    )
    save_total_limit: int = Field(2, ge=1, description="checkpoints kept while training runs")
    report_to: Literal["none", "tensorboard", "mlflow", "trackio", "wandb"] = Field(
        "tensorboard",
        description="which tracker gets the curves, beside the page Training; tensorboard writes into the folder runs "
        "of the training, the others go where their own settings say",
    )
    gradient_checkpointing: bool = Field(
        False, json_schema_extra=_hardware.SECTION, description="save memory by computing activations twice"
    )
    bf16: bool | None = Field(
        None, json_schema_extra=_hardware.SECTION, description="mixed precision; unset: where the GPU can"
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        json_schema_extra=_hardware.SECTION,
        description="number format the weights are loaded in; auto: float32, but bfloat16 under LoRA on a GPU",
    )
    lora: bool = Field(False, description="train a low-rank adapter instead of all weights")
    lora_r: int = Field(16, ge=1, description="rank of the adapter")
    lora_alpha: int = Field(32, ge=1, description="scale of the adapter")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="dropout inside the adapter")
    lora_target_modules: str | tuple[str, ...] = Field(
        "all-linear", description="layers that get an adapter: all-linear, or names"
    )
    num_processes: int = Field(
        1,
        ge=1,
        le=64,
        json_schema_extra=_hardware.SECTION,
        description="processes that share each optimizer step, one a GPU, or all on the CPU; each reads "
        "per_device_train_batch_size examples at a time",
    )
    strategy: Literal["ddp", "fsdp", "deepspeed"] = Field(
        "ddp",
        json_schema_extra=_hardware.SECTION,
        description="what several processes share out: ddp the rows; fsdp weights, gradients and optimizer, too; "
        "deepspeed (ZeRO 2) gradients and optimizer, where that package is installed. fsdp and deepspeed have not been "
        "tried on GPUs yet",
    )
    load_in_4bit: bool = Field(
        False,
        json_schema_extra=_hardware.SECTION,
        description="QLoRA: the weights below the adapter have 4 bits; needs lora, an NVIDIA GPU and bitsandbytes. "
        "Not tried on a GPU yet",
    )

    @model_validator(mode="after")
    def _hardware_fits(self) -> Self:
        if problem := _hardware.refusal(self):
            raise ValueError(problem)
        return self

    def check_ready(self) -> None:
        _hardware.check_ready(self)
        if not _hardware.has_package(TRACKERS.get(self.report_to, "")):
            raise MissingPrerequisite(
                f"report_to {self.report_to} needs the package {self.report_to}, which is not installed. Run `pip "
                f"install {self.report_to}` where the worker runs, or set report_to to tensorboard or none."
            )

    @property
    def one_process(self) -> str:
        """Why several processes cannot share it; empty where they can."""
        return _hardware.OWN_LOSS

    @property
    def rows_of_step(self) -> int:
        """Examples of one optimizer step."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps * self.num_processes

    def steps_of_pass(self, examples: int) -> int:
        """Optimizer steps of one pass over so many examples, as transformers counts them."""
        batches = math.ceil(examples / self.per_device_train_batch_size / self.num_processes)
        return max(1, math.ceil(batches / self.gradient_accumulation_steps))

    def steps(self, examples: int) -> int:
        """Optimizer steps of a training on so many examples, as transformers counts them."""
        return self.max_steps if self.max_steps > 0 else math.ceil(self.num_train_epochs * self.steps_of_pass(examples))

    def warm_up(self, steps: int) -> int:
        """Of so many optimizer steps those before which the learning rate rises, as transformers counts them."""
        if self.lr_scheduler_type == "constant":
            return 0
        return int(self.warmup_steps) if self.warmup_steps >= 1 else math.ceil(steps * self.warmup_steps)

    def peak_share(self, steps: int) -> float:
        """The highest learning rate of so many optimizer steps, as a share of `learning_rate`.

        The first step has the rate 0 where there is a warm-up, so that it is below 1 where the warm-up takes all steps.
        """
        warm_up = self.warm_up(steps)
        return 1.0 if warm_up < steps else (steps - 1) / warm_up

    def make(
        self, arguments: dict[str, Any], weights: "TrainerInputs", rows: "Sequence[Row]", spec: TrainSpec
    ) -> "HFTrainer":
        """Return the TRL trainer of these rows; `arguments` go into its config."""
        import datasets

        columns = [row.columns for row in rows]
        if spec.dataset_type == DatasetType.language_modeling:
            columns = _texts.tokenized(columns, weights.tokenizer, arguments["max_length"], masks=self.masks_questions)
        return self.build(arguments, weights, datasets.Dataset.from_list(columns))

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        """Return the TRL trainer; `arguments` go into its config."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns the dataset must have."""
        raise NotImplementedError

    @property
    def packs(self) -> bool:
        """True where TRL puts several rows into one example."""
        return False

    @property
    def drops_long(self) -> bool:
        """True where TRL drops a row with a text that is longer than max_length instead of cutting it."""
        return False

    @property
    def keeps_optimizer(self) -> bool:
        """True where the optimizer's state goes from a training to the next one, which starts from its weights."""
        return False

    def write_beside(self, fitted: "HFTrainer", folder: Path) -> None:
        """Write into the folder of the new weights what else a training goes on with that starts from them."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Columns that rows may have, for the trainer itself and not for TRL."""
        return ()

    @property
    def masks_questions(self) -> bool:
        """True where, of a conversation among plain texts, only the answer is learned."""
        return True

    def rows_kept(self, fitted: "HFTrainer", rows: "Sequence[Row]") -> int:
        """How many of the rows TRL did not drop when it was made."""
        dataset: Any = fitted.train_dataset
        return len(set(dataset[_texts.ROW]) if _texts.ROW in dataset.column_names else dataset)

    @property
    def resumes_with(self) -> tuple[str, ...]:
        """Files of a training checkpoint, beyond those of every training, without which it cannot be resumed from."""
        return (_folders.COMPLETE,) if self.num_processes > 1 else ()

    def repeated(self, examples: int) -> int:
        """How many examples are read twice in a pass over so many, as TRL was given or has packed them."""
        return _hardware.repeated(examples, self.per_device_train_batch_size, self.num_processes)

    def unfit(self, weights: "TrainerInputs", rows: "Sequence[Row]", most: int) -> "LeftOut":
        """Rows that TRL would fail on; most: tokens of an example. Empty where TRL looks at them itself."""
        return {}

    @property
    def keeps_order(self) -> bool:
        """True where TRL takes the rows in the order given, so that they are shuffled before."""
        return False
