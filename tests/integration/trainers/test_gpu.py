"""Trainings on GPUs: run with `make test-gpu`, skipped where there are too few."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from tests.integration.trainers.training import KNOBS, same, spec_for, tensors

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).parents[3]


def need(gpus: int, package: str = "torch") -> None:
    import torch

    if torch.cuda.device_count() < gpus:
        pytest.skip(f"needs {gpus} CUDA device(s)")
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the package {package}")


def trained(trainer: Any, policy: Path, folder: Path) -> dict[str, Any]:
    """Train in a process of its own, as a worker does, and return what the training left said."""
    file = folder.parent / f"{folder.name}.json"
    file.write_text(json.dumps(spec_for(trainer, policy, folder).to_json()))
    command = [sys.executable, "-m", "backend.trainers", str(file)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    record: dict[str, Any] = json.loads((folder / "final" / "train.json").read_text())
    return record


@pytest.mark.parametrize("kind", [SFT, DPO])
@pytest.mark.parametrize("more", [{}, {"lora": True}, {"gradient_checkpointing": True, "bf16": True}])
def test_one_gpu(kind: type[Any], more: dict[str, Any], tiny: Path, tmp_path: Path):
    need(1)
    assert trained(kind(**KNOBS, **more), tiny, tmp_path / "out")["steps"] == 4
    if more.get("lora"):
        assert any(bool(values.any()) for name, values in tensors(tmp_path / "out/final").items() if "lora_B" in name)
    else:
        assert not same(tmp_path / "out/final", tiny)


@pytest.mark.parametrize("kind", [SFT, DPO])
def test_weights_of_four_bits(kind: type[Any], tiny: Path, tmp_path: Path):
    need(1, "bitsandbytes")
    assert trained(kind(**KNOBS, lora=True, load_in_4bit=True), tiny, tmp_path / "out")["steps"] == 4
    assert (tmp_path / "out/final/adapter_config.json").is_file()


@pytest.mark.parametrize("strategy", ["ddp", "fsdp", "deepspeed"])
def test_two_gpus(strategy: str, tiny: Path, tmp_path: Path):
    need(2, "deepspeed" if strategy == "deepspeed" else "torch")
    record = trained(SFT(**KNOBS, num_processes=2, strategy=strategy), tiny, tmp_path / "out")
    assert (record["processes"], record["steps"]) == (2, 4)
    assert not same(tmp_path / "out/final", tiny)
