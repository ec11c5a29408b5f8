"""A training in two processes on the CPU: the same losses as in one, one folder of weights, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.trainers import _folders, _launch
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from tests import warm
from tests.integration.trainers.training import progress, spec_for, tensors, train
from tests.ports import reserve_port
from tests.waiting import until

ROOT = Path(__file__).parents[3]
KNOBS: dict[str, Any] = {"max_steps": 4, "save_steps": 2, "logging_steps": 1, "learning_rate": 2e-3}
ONE, TWO = {"per_device_train_batch_size": 8}, {"per_device_train_batch_size": 4, "num_processes": 2}


def start(file: Path) -> subprocess.Popen[bytes]:
    """Start the training as a worker does, in a group of its own; what it writes goes to a file beside its spec."""
    with file.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "backend.trainers", str(file)],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def spec_file(trainer: Any, policy: Path, folder: Path) -> Path:
    file = folder.parent / f"{folder.name}.json"
    file.write_text(json.dumps(spec_for(trainer, policy, folder).to_json()))
    return file


def ran(file: Path) -> None:
    with start(file) as process:
        assert process.wait() == 0, file.with_suffix(".log").read_text()[-3000:]


def alive(file: Path) -> list[str]:
    """The processes that have this file among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if str(file).encode() in words:
            found.append(entry.parent.name)
    return found


def losses(folder: Path) -> list[float]:
    return [line["metrics"]["loss"] for line in progress(folder) if line["metrics"]]


def assert_same(one: Path, two: Path) -> None:
    """The losses agree to five digits, the weights to a thousandth of what a step moves them by."""
    import torch

    assert len(losses(two)) == 4
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    first, second = tensors(one / "final"), tensors(two / "final")
    assert first.keys() == second.keys()
    for name, values in first.items():
        torch.testing.assert_close(second[name], values, rtol=0, atol=1e-5)


def test_killed_and_resumed_two_processes_end_as_one(tiny: Path, tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    train(SFT(**KNOBS, **ONE), tiny, one)
    trainer = SFT(**KNOBS, **TWO)
    file = spec_file(trainer, tiny, two)
    # However fast it is, it cannot end before it is killed: where the weights would be written is something else.
    _folders.unfinished(two).touch()
    with start(file) as launcher:
        until(
            lambda: _folders.newest_checkpoint(two, trainer.resumes_with) or launcher.poll() is not None,
            lambda: f"a checkpoint: {file.with_suffix('.log').read_text()[-3000:]}",
        )
        launcher.send_signal(signal.SIGKILL)
    until(lambda: not alive(file), "the end of all processes")
    _folders.unfinished(two).unlink()
    (two / "checkpoint-4" / _folders.STATE).unlink(missing_ok=True)

    ran(file)
    record = json.loads((two / "final" / "train.json").read_text())
    assert (record["processes"], record["resumed_from_step"], record["steps"]) == (2, 2, 4)
    assert_same(one, two)
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}


@pytest.mark.parametrize("kind", [DPO, KTO, RewardModel])
def test_two_processes_learn_pairs_and_labels_as_one(
    kind: type[Any], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The processes themselves, forked with all that they import: what starts them is in the test above."""
    train(kind(**KNOBS, **ONE), tiny, tmp_path / "one")
    file = spec_file(kind(**KNOBS, **TWO), tiny, tmp_path / "two")
    reserved, port = reserve_port()
    with reserved, monkeypatch.context() as patched:
        known = {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        both = []
        for rank in range(2):
            for name, value in (known | {"RANK": rank, "LOCAL_RANK": rank, "GLOO_SOCKET_IFNAME": "lo"}).items():
                patched.setenv(name, str(value))
            patched.setenv(_launch.REASONS, str(tmp_path))
            both.append(warm.start(file, file.with_suffix(".log")))
        for process in both:
            process.join()
            assert process.exitcode == 0, file.with_suffix(".log").read_text()[-3000:]
    assert_same(tmp_path / "one", tmp_path / "two")


def test_packed_rows_lose_what_they_lose_alone(tiny: Path, tmp_path: Path):
    """All rows in one optimizer step: put together, none sees another, and each counts once."""
    knobs = KNOBS | {"max_steps": 1, "per_device_train_batch_size": 16}
    train(SFT(**knobs), tiny, tmp_path / "apart")
    final = train(SFT(**knobs, packing=True, max_length=64), tiny, tmp_path / "packed")
    assert losses(tmp_path / "packed") == pytest.approx(losses(tmp_path / "apart"), rel=1e-4)
    record = json.loads((final / "train.json").read_text())
    report = json.loads((tmp_path / "packed/preflight.json").read_text())
    assert (record["rows"], record["rows_used"]) == (16, 16)
    assert report["examples"] < 16
    assert "packing=True" in report["script"]
