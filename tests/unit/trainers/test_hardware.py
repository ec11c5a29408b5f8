"""Knobs of processes and number formats: what is refused, why, and what the launcher and the estimate make of them."""

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


@pytest.mark.parametrize(
    ("kind", "knobs", "reason"),
    [
        (GRPO, {"num_processes": 2, "reward": Countdown()}, "grpo trains in one process: its loss or its rows"),
        (SFT, {"num_processes": 2, "weigh_examples": True}, "weighed examples and the reduction sum"),
        (SFT, {"num_processes": 2, "reduction": "sum"}, "weighed examples and the reduction sum"),
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
    assert not {"num_processes", "strategy", "load_in_4bit", "packing"} & SFT().known().keys()
    assert SFT(num_processes=2, packing=True).known().items() >= {("num_processes", 2), ("packing", True)}


@pytest.mark.parametrize(
    ("knobs", "devices", "packages", "reason"),
    [
        ({"num_processes": 2, "strategy": "fsdp"}, False, True, "strategy fsdp .* there is none here"),
        ({"num_processes": 2, "strategy": "deepspeed"}, True, False, "the package deepspeed, which is not installed"),
        ({"load_in_4bit": True, "lora": True}, False, True, "load_in_4bit needs an NVIDIA GPU"),
        ({"load_in_4bit": True, "lora": True}, True, False, "the package bitsandbytes, which is not installed"),
        ({"num_processes": 2}, False, False, ""),
        ({"num_processes": 2, "strategy": "fsdp"}, True, False, ""),
    ],
)
def test_what_this_machine_lacks_is_said(
    knobs: dict[str, Any], devices: bool, packages: bool, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(_hardware, "DEVICES", (str(tmp_path if devices else tmp_path / "none"),))
    monkeypatch.setattr(_hardware, "_has", lambda package: packages)
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
    assert _launch.reason(tmp_path) is None
    _launch.tell("Connection closed by peer", is_known=False)
    assert _launch.reason(tmp_path) == "Connection closed by peer"
    _launch.tell("No space left", is_known=True)
    _launch.tell("Another one", is_known=True)
    assert _launch.reason(tmp_path) == "No space left"
    assert _launch.unsaid(1, -9).startswith("Process 1 of the training was killed (SIGKILL)")


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
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state_0.pth"):
        (folder / name).touch()
    (folder / _folders.STATE).write_text('{"global_step": 2}')
    assert _folders.is_whole(folder)
    assert _folders.newest_checkpoint(tmp_path, SFT(num_processes=2).resumes_with) is None
    (folder / "rng_state_1.pth").touch()
    assert _folders.newest_checkpoint(tmp_path, SFT(num_processes=2).resumes_with) == folder
