"""On what a training runs: how many processes, which number formats; what of it is refused, and what TRL is told."""

import importlib.util
import os
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from backend.errors import MissingPrerequisite

RANK = "LOCAL_RANK"
"""Set by the launcher in each of several processes: on which GPU of this machine it trains."""
VISIBLE = "CUDA_VISIBLE_DEVICES"
SECTION: dict[str, Any] = {"section": "Hardware"}
"""What a form folds these knobs under."""
DEVICES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")
"""Of which one is there where a driver of CUDA or ROCm is."""
FILES = "/dev"
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
    if trainer.strategy == "deepspeed" and not has_package("deepspeed"):
        raise MissingPrerequisite(
            "strategy deepspeed needs the package deepspeed, which is not installed. Run `pip install deepspeed` where "
            "the worker runs, or set strategy to fsdp or ddp."
        )
    if trainer.strategy != "ddp" and not has_gpu():
        raise MissingPrerequisite(
            f"strategy {trainer.strategy} shares a model out among GPUs, and there is none here. Set strategy to ddp, "
            "which trains on the CPU, too."
        )
    if 0 < (num_gpus := len(gpus())) < trainer.num_processes:
        raise MissingPrerequisite(_too_few(trainer.num_processes, f"this machine has {_counted(num_gpus)}", num_gpus))
    if trainer.load_in_4bit and not has_gpu():
        raise MissingPrerequisite(
            "load_in_4bit needs an NVIDIA GPU, and there is none here. Switch it off: lora alone trains on the CPU."
        )
    if trainer.load_in_4bit and not has_package("bitsandbytes"):
        raise MissingPrerequisite(
            "load_in_4bit needs the package bitsandbytes, which is not installed. Run `pip install bitsandbytes` where "
            "the worker runs, or switch it off."
        )


def has_package(package: str) -> bool:
    """Whether a package is installed; none is named by an empty text, which is always there."""
    return not package or importlib.util.find_spec(package) is not None


def has_gpu() -> bool:
    """Say whether there is a driver of a GPU, without loading torch."""
    return any(Path(device).exists() for device in DEVICES)


def gpus() -> list[Path]:
    """The GPUs of this machine that NVIDIA's driver has made files for; none where it is another driver's, or where
    this process may use none.

    Which of them a worker may use is its own matter: another process may ask here.
    """
    if VISIBLE in os.environ and not _listed():
        return []
    return [file for file in Path(FILES).glob("nvidia[0-9]*") if file.name.removeprefix("nvidia").isdecimal()]


def take_first_gpu(processes: int) -> None:
    """Leave this process the first of the GPUs that it may use.

    Raises `MissingPrerequisite` where fewer are listed than the training's processes need.
    """
    listed = _listed()
    if 0 < len(listed) < processes and has_gpu():
        raise MissingPrerequisite(_too_few(processes, f"{VISIBLE} lists {_counted(len(listed))}", len(listed)))
    if VISIBLE not in os.environ or len(listed) > 1:
        os.environ[VISIBLE] = listed[0] if listed else "0"


def _listed() -> list[str]:
    """What CUDA_VISIBLE_DEVICES lists; -1 ends it, as CUDA has it."""
    return list(takewhile(lambda gpu: gpu not in ("", "-1"), map(str.strip, os.environ.get(VISIBLE, "").split(","))))


def _counted(gpus: int) -> str:
    return f"{gpus} GPU{'s' * (gpus > 1)}"


def _too_few(processes: int, shortage: str, count: int) -> str:
    return (
        f"num_processes is {processes}, and {shortage}. Set num_processes to {count}, or give the worker more of them "
        f"({VISIBLE})."
    )


def check_devices(trainer: Knobs, processes: int) -> None:
    """Raise `MissingPrerequisite` where torch sees too few GPUs; where it sees none, processes train on the CPU."""
    import torch

    num_devices = torch.cuda.device_count()
    if num_devices == 0 and (trainer.load_in_4bit or trainer.strategy != "ddp"):
        knob = "load_in_4bit" if trainer.load_in_4bit else f"strategy {trainer.strategy}"
        raise MissingPrerequisite(f"{knob} needs a GPU, and torch sees none. Install a build of torch for it.")
    if 0 < num_devices < processes:
        raise MissingPrerequisite(_too_few(processes, f"torch sees {_counted(num_devices)} here", num_devices))


def launched(trainer: Knobs) -> list[str]:
    """What accelerate's launcher is told of the processes; empty for one."""
    if trainer.num_processes == 1:
        return []
    return [*STRATEGIES[trainer.strategy], "--num_machines", "1", "--num_processes", str(trainer.num_processes)]


def repeated(examples: int, batch: int, processes: int) -> int:
    """How many examples accelerate takes from the beginning of a pass at its end, so that all processes read as many.

    batch: examples in one forward pass of a process. A single process reads a smaller last batch, and repeats none.
    """
    return -examples % (batch * processes) if processes > 1 else 0


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
