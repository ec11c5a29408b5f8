"""A program that runs a training with TRL alone: the config of the trainer that was made, and the rows that it got."""

import json
import pprint
from collections.abc import Sequence
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.config import settings
from backend.engines import _weights
from backend.trainers import TrainSpec, _episodes, _hardware, _models
from backend.trainers._inputs import LeftOut, Row, TrainerInputs
from backend.trainers._knobs import TRLKnobs
from backend.values import JSON, DatasetType

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer

BY_TRL = {"SFTTrainer": "SFTConfig", "DPOTrainer": "DPOConfig", "KTOTrainer": "KTOConfig"}
MADE = ("accelerator_config", "debug")
SHELL = '''"""{title}

Written by Rondo from the trainer that it made. Run it in an environment with the same versions of torch, transformers,
trl, peft, accelerate, datasets and tensorboardX. It reads dataset.jsonl, as the page Datasets exports it with all its
rows, and below RONDO_DATA_DIR the weights; it writes into the folder trained. DATASET and OUTPUT name others.{launch}
"""

import json
import os
import random
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from datasets import Dataset
{peft_import}from transformers import AutoModelForCausalLM, AutoTokenizer{bits_import}
from trl import {config_class}, {trainer_class}

torch.set_num_threads({threads})
DATA = Path(os.environ.get("RONDO_DATA_DIR", "rondo-data"))
DATASET = Path(os.environ.get("DATASET", "dataset.jsonl"))
OUTPUT = os.environ.get("OUTPUT", "trained")
ROWS = {num_rows}
LEFT_OUT = {left_out}
COLUMNS = {columns}
{four_bits}

def load(base, adapter=None, is_trained=False, **options):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.{dtype}, use_safetensors=True, **options)
    if adapter is None:
        return model
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(model, adapter, is_trainable=is_trained)
    return adapted if is_trained else adapted.merge_and_unload().requires_grad_(True)


rows = [json.loads(line) for line in DATASET.open(encoding="utf-8")]
if len(rows) != ROWS:
    raise SystemExit(f"{{DATASET}} has {{len(rows)}} rows, the training had {{ROWS}}. Export all its rows.")
rows = [({{name: row[name] for name in COLUMNS}}, number) for number, row in enumerate(rows)]
{shuffled}rows = [row for row, number in rows if number not in LEFT_OUT]

tokenizer = AutoTokenizer.from_pretrained({tokenizer})
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token

trainer = {trainer_class}(
    load({policy}{quantized}),
{reference}    args={config_class}(
        output_dir=OUTPUT,
{config}
    ),
    train_dataset=Dataset.from_list(rows),
    processing_class=tokenizer,
{peft})
trainer.train()
trainer.save_model(OUTPUT)
{first}tokenizer.save_pretrained(OUTPUT)
'''

FOUR_BITS = """FOUR_BITS = {
    "quantization_config": BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    ),
    "device_map": {"": int(os.environ.get("LOCAL_RANK", 0))},
}
"""


def of(
    trainer: TRLKnobs,
    spec: TrainSpec,
    weights: TrainerInputs,
    fitted: "HFTrainer",
    rows: Sequence[Row],
    left_out: LeftOut,
    num_rows: int,
) -> tuple[str | None, str]:
    """Return the program, or None and why TRL alone cannot run this training."""
    if why := _refusal(trainer, spec, fitted, rows):
        return None, why
    name = type(fitted).__name__
    reference = ""
    if weights.reference is not None:
        reference = f"    ref_model=load({_loaded(spec.reference or spec.policy, False)}),\n"
    peft = f"    peft_config=LoraConfig({_arguments(_lora_of(trainer), 8)}\n    ),\n" if weights.lora else ""
    config = {name: value for name, value in config_of(fitted.args).items() if name != "output_dir"}
    text = SHELL.format(
        launch=_launch(trainer),
        first="if trainer.is_world_process_zero():\n    " if trainer.num_processes > 1 else "",
        bits_import=", BitsAndBytesConfig" if trainer.load_in_4bit else "",
        quantized=", **FOUR_BITS" if trainer.load_in_4bit else "",
        four_bits=FOUR_BITS if trainer.load_in_4bit else "",
        title=f"The training {trainer.name} with TRL alone.",
        peft_import="from peft import LoraConfig\n" if weights.lora else "",
        config_class=BY_TRL[name],
        trainer_class=name,
        threads=settings().torch_threads,
        num_rows=num_rows,
        left_out=pprint.pformat(set(left_out), width=110, compact=True) if left_out else "set()",
        columns=repr(tuple(rows[0].columns)),
        dtype=str(_models.number_format(trainer)).removeprefix("torch."),
        shuffled=f"random.Random({spec.seed}).shuffle(rows)\n" if trainer.keeps_order else "",
        tokenizer=_path(_tokenizer_of(spec)),
        policy=_loaded(spec.policy, trainer.lora),
        reference=reference,
        config=_arguments(config, 8).lstrip("\n"),
        peft=peft,
    )
    return text if trainer.keeps_order else text.replace("import random\n", ""), ""


def config_of(arguments: Any) -> JSON:
    """The values of a TRL config that are not the defaults of its fields, by name, as JSON.

    A second config to compare with is not made: that would take the state of the training's accelerator away.
    """
    plain = {
        field.name: field.default_factory() if field.default_factory is not MISSING else field.default
        for field in fields(arguments)
        if field.init
    }
    given = arguments.to_dict()
    # Written by the config itself, and the secrets that it hides.
    names = {name for name in given if name in MADE or given[name] == f"<{name.upper()}>"}
    config = {
        name: given[name]
        for name, value in plain.items()
        if name in given.keys() - names and given[name] != _plain(value)
    }
    return json.loads(json.dumps(config, default=str))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _refusal(trainer: TRLKnobs, spec: TrainSpec, fitted: "HFTrainer", rows: Sequence[Row]) -> str:
    kind = type(fitted)
    if kind.__name__ not in BY_TRL or not kind.__module__.startswith("trl."):
        return f"The loss or the rows of {trainer.name} with these knobs are not TRL's own: TRL alone cannot run it."
    if spec.dataset_type == DatasetType.language_modeling or _episodes.are_episodes(rows):
        return "Rondo makes the tokens and the loss mask of these rows itself: TRL alone reads them otherwise."
    if trainer.keeps_optimizer:
        return "It goes on with the optimizer's state of the training before, which TRL alone does not load."
    return ""


def _launch(trainer: TRLKnobs) -> str:
    """How the program is started as several processes; empty for one."""
    options = " ".join(_hardware.launched(trainer))
    return f" Start it with\n\n    accelerate launch {options} script.py" if options else ""


def _tokenizer_of(spec: TrainSpec) -> str:
    """Where the tokenizer lies: beside the weights, or, of an adapter without one, beside its base."""
    located = _weights.locate(spec.policy)
    own = not _weights.is_adapter(located) or any((Path(located) / name).is_file() for name in _weights.TOKENIZER_FILES)
    return located if own else _weights.base_of(located)


def _loaded(name: str, goes_on: bool) -> str:
    """The arguments of `load` for a model or an adapter."""
    located = _weights.locate(name)
    if not _weights.is_adapter(located):
        return _path(located)
    return f"{_path(_weights.base_of(located))}, {_path(located)}{', is_trained=True' if goes_on else ''}"


def _path(located: str) -> str:
    """Python for a place: below the data folder, or as it is."""
    inside = _models.portable(located)
    return repr(located) if inside == located else f"DATA / {inside!r}"


def _lora_of(trainer: TRLKnobs) -> JSON:
    targets = trainer.lora_target_modules
    return {
        "task_type": "CAUSAL_LM",
        "r": trainer.lora_r,
        "lora_alpha": trainer.lora_alpha,
        "lora_dropout": trainer.lora_dropout,
        "target_modules": targets if isinstance(targets, str) else list(targets),
    }


def _arguments(values: JSON, indent: int) -> str:
    """Keyword arguments, one a line."""
    return "".join(f"\n{' ' * indent}{name}={value!r}," for name, value in values.items())
