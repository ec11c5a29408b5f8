"""On what a training runs: how many processes, which number formats; what of it is refused, and what TRL is told."""

import importlib.util
import os
from pathlib import Path
from typing import Any, Protocol

from backend.errors import MissingPrerequisite

RANK = "LOCAL_RANK"
"""Set by the launcher in each of several processes."""
SECTION: dict[str, Any] = {"section": "Hardware"}
"""What a form folds these knobs under."""
DEVICES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")
"""Of which one is there where a driver of CUDA or ROCm is."""
OWN_LOSS = "its loss or its rows are Rondo's own and are added up in one process"
STRATEGIES: dict[str, tuple[str, ...]] = {
    "ddp": ("--multi_gpu",),
    "fsdp": (
        *("--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP"),
        *("--fsdp_state_dict_type", "FULL_STATE_DICT"),
    ),
    "deepspeed": ("--use_deepspeed", "--zero_stage", "2"),
}
"""What accelerate's launcher is told of each. Weights are saved whole: of ZeRO 2 each process holds all of them."""


class Knobs(Protocol):
    """What is asked of a trainer here."""

    @property
    def name(self) -> str | None: ...
    @property
    def num_processes(self) -> int: ...
    @property
    def strategy(self) -> str: ...
    @property
    def load_in_4bit(self) -> bool: ...
    @property
    def lora(self) -> bool: ...
    @property
    def makes(self) -> str: ...
    @property
    def rewards(self) -> tuple[Any, ...]: ...
    @property
    def one_process(self) -> str: ...


def refusal(trainer: Knobs) -> str:
    """Why these knobs do not go together, and what to do; empty where they do."""
    if trainer.num_processes > 1 and trainer.one_process:
        return f"{trainer.name} trains in one process: {trainer.one_process}. Set num_processes to 1."
    if trainer.num_processes == 1 and trainer.strategy != "ddp":
        return (
            f"strategy {trainer.strategy} shares a model out among processes, and num_processes is 1. Raise it, or set "
            "strategy to ddp."
        )
    if not trainer.load_in_4bit:
        return ""
    if not trainer.lora:
        return "load_in_4bit trains an adapter on weights of 4 bits that stay as they are. Switch lora on, or it off."
    if trainer.makes == "scorer" or trainer.rewards:
        return f"load_in_4bit is not for {trainer.name}. Switch it off, or choose sft, dpo or kto."
    if trainer.strategy != "ddp":
        return f"strategy {trainer.strategy} does not share out weights of 4 bits. Set it to ddp, or load_in_4bit off."
    return ""


def check_ready(trainer: Knobs) -> None:
    """Raise `MissingPrerequisite` where this machine lacks what the knobs ask for. Loads no large library."""
    if trainer.strategy == "deepspeed" and not _has("deepspeed"):
        raise MissingPrerequisite(
            "strategy deepspeed needs the package deepspeed, which is not installed. Run `pip install deepspeed` where "
            "the worker runs, or set strategy to fsdp or ddp."
        )
    if trainer.strategy != "ddp" and not has_gpu():
        raise MissingPrerequisite(
            f"strategy {trainer.strategy} shares a model out among GPUs, and there is none here. Set strategy to ddp, "
            "which trains on the CPU, too."
        )
    if trainer.load_in_4bit and not has_gpu():
        raise MissingPrerequisite(
            "load_in_4bit needs an NVIDIA GPU, and there is none here. Switch it off: lora alone trains on the CPU."
        )
    if trainer.load_in_4bit and not _has("bitsandbytes"):
        raise MissingPrerequisite(
            "load_in_4bit needs the package bitsandbytes, which is not installed. Run `pip install bitsandbytes` where "
            "the worker runs, or switch it off."
        )


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def has_gpu() -> bool:
    """Say whether there is a driver of a GPU, without loading torch."""
    return any(Path(device).exists() for device in DEVICES)


def check_devices(trainer: Knobs) -> None:
    """Raise `MissingPrerequisite` where torch sees too few GPUs; where it sees none, processes train on the CPU."""
    import torch

    check_ready(trainer)
    found = torch.cuda.device_count()
    if found == 0 and (trainer.load_in_4bit or trainer.strategy != "ddp"):
        knob = "load_in_4bit" if trainer.load_in_4bit else f"strategy {trainer.strategy}"
        raise MissingPrerequisite(f"{knob} needs a GPU, and torch sees none. Install a build of torch for it.")
    if 0 < found < trainer.num_processes:
        raise MissingPrerequisite(
            f"num_processes is {trainer.num_processes}, and torch sees {found} GPU{'s' * (found > 1)} here. Set "
            f"num_processes to {found}, or give the worker more of them (CUDA_VISIBLE_DEVICES)."
        )


def launched(trainer: Knobs) -> list[str]:
    """What accelerate's launcher is told of the processes; empty for one."""
    if trainer.num_processes == 1:
        return []
    return [*STRATEGIES[trainer.strategy], "--num_machines", "1", "--num_processes", str(trainer.num_processes)]


def quantization(trainer: Knobs) -> dict[str, Any]:
    """How the weights below an adapter are loaded, as QLoRA has it (Dettmers et al. 2023, arXiv 2305.14314)."""
    if not trainer.load_in_4bit:
        return {}
    import torch
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )  # type: ignore[no-untyped-call]
    return {"quantization_config": config, "device_map": {"": int(os.environ.get(RANK, 0))}}
