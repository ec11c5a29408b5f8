"""Knobs of processes and number formats: what is refused, why, and what the launcher and the estimate make of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backend.errors import MissingPrerequisite
from backend.judges.countdown import Countdown
from backend.trainers import _folders, _hardware, _launch, _memory
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from tests.ports import reserve_port
from tests.waiting import PATIENCE


@pytest.mark.parametrize(
    ("kind", "knobs", "reason"),
    [
        (GRPO, {"num_processes": 2, "reward": Countdown()}, "grpo trains in one process: its loss or its rows"),
        (SFT, {"num_processes": 2, "weigh_examples": True}, "weighed examples and the reduction sum"),
        (SFT, {"num_processes": 2, "reduction": "sum"}, "weighed examples and the reduction sum"),
        (DPO, {"num_processes": 2, "loss_type": ("sft", "aot_unpaired")}, "aot and aot_unpaired sort"),
        (DPO, {"num_processes": 2, "weigh_examples": True}, "weighed examples are added up in one"),
        (SFT, {"strategy": "fsdp"}, "num_processes is 1. Raise it"),
        (SFT, {"load_in_4bit": True}, "Switch lora on"),
        (RewardModel, {"load_in_4bit": True, "lora": True}, "load_in_4bit is not for reward_model"),
        (SFT, {"load_in_4bit": True, "lora": True, "num_processes": 2, "strategy": "fsdp"}, "weights of 4 bits"),
        (SFT, {"packing": True, "reduction": "sum"}, "Switch packing off"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(kind: type[Any], knobs: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        kind(**knobs)


def test_a_training_of_one_process_has_the_name_that_it_had():
    assert not {"num_processes", "strategy", "load_in_4bit", "report_to", "packing"} & SFT().known().keys()
    assert SFT(num_processes=2, packing=True).known().items() >= {("num_processes", 2), ("packing", True)}


@pytest.mark.parametrize(
    ("knobs", "devices", "packages", "reason"),
    [
        ({"num_processes": 2, "strategy": "fsdp"}, False, True, "strategy fsdp .* there is none here"),
        ({"num_processes": 2, "strategy": "deepspeed"}, True, False, "the package deepspeed, which is not installed"),
        ({"load_in_4bit": True, "lora": True}, False, True, "load_in_4bit needs an NVIDIA GPU"),
        ({"load_in_4bit": True, "lora": True}, True, False, "the package bitsandbytes, which is not installed"),
        ({"report_to": "wandb"}, False, False, "report_to wandb needs the package wandb"),
        ({"report_to": "wandb"}, False, True, ""),
        ({"num_processes": 2}, False, False, ""),
        ({"num_processes": 2, "strategy": "fsdp"}, True, False, ""),
    ],
)
def test_what_this_machine_lacks_is_said(
    knobs: dict[str, Any], devices: bool, packages: bool, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(_hardware, "DEVICES", (str(tmp_path if devices else tmp_path / "none"),))
    monkeypatch.setattr(_hardware, "FILES", str(tmp_path))
    monkeypatch.setattr(_hardware, "has_package", lambda package: packages or not package)
    trainer = SFT(**knobs)
    if not reason:
        trainer.check_ready()
        return
    with pytest.raises(MissingPrerequisite, match=reason):
        trainer.check_ready()


def test_the_launcher_is_told_of_processes_and_strategy(tmp_path: Path):
    options = _launch.options(SFT(num_processes=3), "spec.json", tmp_path)
    assert options[options.index("--num_processes") + 1] == "3"
    assert "--multi_gpu" in options
    assert options[-3:] == ["--module", "backend.trainers", "spec.json"]
    sharded = _launch.options(SFT(num_processes=2, strategy="fsdp"), "spec.json", tmp_path)
    assert "--use_fsdp" in sharded
    assert "--multi_gpu" not in sharded


def test_the_reason_of_several_is_the_first_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(_launch.REASONS, str(tmp_path))
    killed = {0: 1, 1: -9}
    assert _launch.reason(tmp_path, {1: 3}) == "Process 1 of the training ended with exit code 3."
    _launch.tell("Connection closed by peer", is_known=False)
    assert _launch.reason(tmp_path, {0: 1, 1: 1}) == "Connection closed by peer"
    assert _launch.reason(tmp_path, killed).startswith("Process 1 of the training was killed (SIGKILL)")
    _launch.tell("No space left", is_known=True)
    _launch.tell("Another one", is_known=True)
    assert _launch.reason(tmp_path, killed) == "No space left"


def test_one_of_several_that_fails_ends_also_where_python_would_not(tmp_path: Path):
    """What runs at the end of Python waits for ever here, as gloo may."""
    program = (
        "import atexit, sys, threading; from backend.errors import TrainerError; from backend.trainers import __main__; "
        "atexit.register(threading.Event().wait); sys.excepthook = __main__.report; raise TrainerError('No space left')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {_launch.REASONS: str(tmp_path)}, timeout=PATIENCE
    )
    assert ended.returncode == 1
    assert _launch.reason(tmp_path, {0: 1}) == "No space left"


def test_launchers_of_others_say_nothing_of_a_training(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(_launch.REASONS, raising=False)
    for name in ("LOCAL_RANK", "RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LOCAL_RANKING", "1")
    assert not _launch.is_one_of_several()
    _launch.forget_others()
    assert not {"LOCAL_RANK", "RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"} & os.environ.keys()
    assert "LOCAL_RANKING" in os.environ


@pytest.mark.parametrize(
    ("listed", "processes", "left"),
    [(None, 1, "0"), ("3,1", 2, "3"), ("2", 1, "2"), ("", 2, ""), ("-1", 2, "-1"), ("2", 2, "lists 1 GPU. Set")],
)
def test_one_process_is_left_one_gpu(
    listed: str | None, processes: int, left: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(_hardware, "DEVICES", (str(tmp_path),))
    monkeypatch.setenv(_hardware.VISIBLE, listed or "")
    if listed is None:
        monkeypatch.delenv(_hardware.VISIBLE)
    if " " in left:
        with pytest.raises(MissingPrerequisite, match=left):
            _hardware.take_first_gpu(processes)
        return
    _hardware.take_first_gpu(processes)
    assert os.environ[_hardware.VISIBLE] == left


def test_more_processes_than_gpus_are_refused_before_the_launch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv(_hardware.VISIBLE, raising=False)
    monkeypatch.setattr(_hardware, "FILES", str(tmp_path))
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (tmp_path / name).touch()
    SFT(num_processes=2).check_ready()
    with pytest.raises(MissingPrerequisite, match="num_processes is 3, and this machine has 2 GPUs"):
        SFT(num_processes=3).check_ready()
    monkeypatch.setenv(_hardware.VISIBLE, "")
    SFT(num_processes=3).check_ready()


@pytest.mark.parametrize(("text", "threads"), [("4,2", "4"), ("", "1"), ("2", "2"), ("many", "1"), ("0", "1")])
def test_threads_of_each_process(text: str, threads: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    options = _launch.options(SFT(num_processes=2), "spec.json", tmp_path)
    assert options[options.index("--num_cpu_threads_per_process") + 1] == threads


def test_a_port_that_was_taken_meanwhile_is_chosen_anew():
    from torch.distributed import TCPStore

    reserved, port = reserve_port()
    reserved.listen()
    ports = [port, 0]
    with reserved:
        _launch.with_free_port(lambda: TCPStore("127.0.0.1", ports.pop(0), is_master=True, wait_for_workers=False))
    assert not ports


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("examples", [3, 16, 17, 24])
def test_examples_that_are_read_twice_are_those_that_accelerate_repeats(examples: int, processes: int):
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler

    batches = BatchSampler(range(examples), batch_size=4, drop_last=False)
    read = [
        place for rank in range(processes) for batch in BatchSamplerShard(batches, processes, rank) for place in batch
    ]
    assert set(read) == set(range(examples))
    trainer = SFT(per_device_train_batch_size=4, num_processes=processes)
    assert len(read) - examples == trainer.repeated(examples)
    assert SFT(per_device_train_batch_size=4).repeated(examples) == 0


def test_memory_of_each_process():
    whole = _memory.Memory(weights=100, reference=40, gradients=90, optimizer=180, activations=7, logits=3)
    assert _memory.shared(whole, 1, "ddp") == whole
    assert _memory.shared(whole, 2, "ddp").total == 420 + 90
    # Of 410 bytes a third each, rounded up, and 10 that are not shared out.
    assert _memory.shared(whole, 3, "fsdp").total == 34 + 14 + 30 + 60 + 10
    assert _memory.shared(whole, 2, "deepspeed").total == 100 + 40 + 45 + 90 + 10


def test_a_checkpoint_of_several_processes_is_whole_once_all_have_written(tmp_path: Path):
    folder = tmp_path / "checkpoint-2"
    folder.mkdir()
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state_0.pth", "rng_state_1.pth"):
        (folder / name).touch()
    (folder / _folders.STATE).write_text('{"global_step": 2}')
    assert _folders.is_whole(folder)
    assert _folders.newest_checkpoint(tmp_path, SFT(num_processes=2).resumes_with) is None
    (folder / _folders.COMPLETE).touch()
    assert _folders.newest_checkpoint(tmp_path, SFT(num_processes=2).resumes_with) == folder
