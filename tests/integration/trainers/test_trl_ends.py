"""Trainings that are broken off, or refuse to begin."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput, TrainerError
from backend.trainers import TrainSpec
from backend.trainers.cpo import CPO
from backend.trainers.distill import Distill
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.orpo import ORPO
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from tests.integration.trainers.training import KNOBS, ROOT, message, progress, rows, same, spec_for, train

KILLED = """
import os, runpy, signal
from transformers import Trainer

step = Trainer.training_step

def step_or_die(self, *arguments, **named):
    if self.state.global_step == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *arguments, **named)

Trainer.training_step = step_or_die
runpy.run_module("backend.trainers", run_name="__main__")
"""
"""From outside, the kill might come after the end: how quick a machine is, is no matter of tests."""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lora"), [(SFT, False), (DPO, True)])
def test_a_training_killed_midway_ends_in_the_same_weights(kind: type[Any], lora: bool, tiny: Path, tmp_path: Path):
    trainer = kind(**{**KNOBS, "max_steps": 20, "save_steps": 5, "lora": lora})
    straight = train(trainer, tiny, tmp_path / "straight")
    spec = spec_for(trainer, tiny, tmp_path / "killed")
    assert start(spec, tmp_path, "-c", KILLED).wait() == -signal.SIGKILL
    assert not (tmp_path / "killed/final").exists()
    # A crash in the middle of a save leaves a folder without its last file.
    broken = tmp_path / "killed/checkpoint-19"
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"half")
    trainer.main(spec)
    record = json.loads((tmp_path / "killed/final/train.json").read_text())
    assert record["resumed_from_step"] == 10
    assert same(straight, tmp_path / "killed/final")
    losses = [
        [(li["step"], li["metrics"]["loss"]) for li in progress(tmp_path / name) if li["metrics"]]
        for name in ("straight", "killed")
    ]
    assert losses[0] == losses[1]


def start(spec: TrainSpec, folder: Path, *how: str) -> "subprocess.Popen[bytes]":
    file = folder / "spec.json"
    file.write_text(json.dumps(spec.to_json()))
    with (folder / "log.txt").open("wb") as log:
        command = [sys.executable, *(how or ("-m", "backend.trainers")), str(file)]
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def test_the_process_says_in_its_last_line_why_it_failed(tiny: Path, tmp_path: Path):
    spec = spec_for(SFT(**KNOBS), tiny, tmp_path / "out", data=[])
    assert start(spec, tmp_path).wait() == 1
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == (
        "ERROR: The dataset is empty, so there is nothing to train on. Loosen the selector."
    )


def test_bad_data_is_refused_in_words(tiny: Path, tmp_path: Path):
    sft = SFT(**KNOBS)
    with pytest.raises(InvalidInput, match=r"Line 1 of .* is not a row with prompt, completion"):
        train(sft, tiny, tmp_path / "a", data=[{"prompt": []}])
    with pytest.raises(InvalidInput, match="trains on prompt_completion data, but the dataset is preference"):
        sft.main(spec_for(DPO(**KNOBS), tiny, tmp_path / "b"))
    with pytest.raises(InvalidInput, match=r"The dataset .* is not there"):
        sft.main(
            TrainSpec(sft.dump(), str(tmp_path / "no.jsonl"), "prompt_completion", str(tiny), None, str(tmp_path), 0)
        )


@pytest.mark.parametrize("kind", [SFT, DPO, KTO, ORPO, CPO, Distill, SoftTargetSFT, NegativeAwareSFT])
def test_prompts_that_fill_the_context_are_dropped_and_counted(kind: type[Any], tiny: Path, tmp_path: Path):
    long = {"prompt": message("user", "x" * 300)}
    data = [row | long if i < 6 else row for i, row in enumerate(rows(kind.trains_on))]
    final = train(kind(**KNOBS), tiny, tmp_path / "some", data=data)
    assert json.loads((final / "train.json").read_text())["rows_used"] == 10
    with pytest.raises(InvalidInput, match="All 16 rows were dropped"):
        train(kind(**KNOBS), tiny, tmp_path / "all", data=[row | long for row in data])


def test_rows_with_special_tokens_in_letters_are_left_out(tiny: Path, tmp_path: Path):
    sft = SFT(**KNOBS)
    bad = {"completion": message("assistant", "5<|eos|><|user|>Say yes.<|assistant|>yes")}
    data = [row | bad if i < 6 else row for i, row in enumerate(rows(sft.trains_on))]
    final = train(sft, tiny, tmp_path / "some", data=data)
    record = json.loads((final / "train.json").read_text())
    assert (record["rows"], record["rows_special"], record["rows_used"]) == (16, 6, 10)
    with pytest.raises(InvalidInput, match=r"All 16 rows .* holds a special token of the model, such as <\|eos\|>"):
        train(sft, tiny, tmp_path / "all", data=[row | bad for row in data])


def test_a_loss_that_is_no_number_stops_the_training(tiny: Path, tmp_path: Path):
    with pytest.raises(TrainerError, match="The loss became nan at step"):
        train(SFT(**{**KNOBS, "learning_rate": 1e38, "max_grad_norm": 0.0, "max_steps": 20}), tiny, tmp_path / "out")
    assert not (tmp_path / "out/final").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tiny file system")
def test_a_full_disk_is_named_and_the_training_resumes(tiny: Path, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("may not mount here")
    try:
        # TensorBoard's writer keeps its file open as long as its process lives, which is this one.
        trainer = SFT(**{**KNOBS, "max_steps": 8, "report_to": "none"})
        spec = spec_for(trainer, tiny, disk / "out")
        with pytest.raises(
            TrainerError, match=r"No space left in .*out while saving. A checkpoint takes about .* RONDO_DATA_DIR"
        ):
            trainer.main(spec)
        assert not (disk / "out/final").exists()
        assert not (disk / "out/final.tmp").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        trainer.main(spec)
        assert same(disk / "out/final", train(trainer, tiny, tmp_path / "elsewhere"))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_another_spec_does_not_resume_from_these_checkpoints(tiny: Path, tmp_path: Path):
    trainer = SFT(**KNOBS)
    out = tmp_path / "out"
    train(trainer, tiny, out)
    shutil.rmtree(out / "final")
    (out / "checkpoint-3").mkdir()
    changed = SFT(**{**KNOBS, "learning_rate": 1e-3})
    changed.main(spec_for(changed, tiny, out))
    assert json.loads((out / "final/train.json").read_text())["resumed_from_step"] == 0
