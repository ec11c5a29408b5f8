"""A training in two processes on the CPU: the same losses as in one, one folder of weights, and nothing outlives it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from backend.jobs.process import TERMINATE_SECONDS
from backend.trainers import _folders, _launch
from backend.trainers._run import identify
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from tests import warm
from tests.integration.trainers.training import progress, spec_for, tensors, train
from tests.ports import reserve_port
from tests.waiting import PATIENCE, until

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


def log_end(file: Path) -> str:
    log = file.with_suffix(".log")
    return log.read_text()[-3000:] if log.exists() else "no log yet"


def ran(file: Path) -> None:
    with start(file) as process:
        try:
            until(lambda: process.poll() is not None, lambda: f"the end: {log_end(file)}", patience=3 * PATIENCE)
        finally:
            process.kill()
        assert process.returncode == 0, log_end(file)


@contextlib.contextmanager
def both(file: Path, port: int) -> Iterator[list[BaseProcess]]:
    """The processes themselves, forked with all that they import; whatever happens, none is left."""
    processes: list[BaseProcess] = []
    known = {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(_launch.REASONS, str(file.parent))
            for rank in range(2):
                for name, value in (known | {"RANK": rank, "LOCAL_RANK": rank, "GLOO_SOCKET_IFNAME": "lo"}).items():
                    patched.setenv(name, str(value))
                processes.append(warm.start(file, file.with_suffix(".log")))
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join(PATIENCE)


def alive(file: Path) -> list[str]:
    """The processes that have this file among their arguments."""
    results = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if str(file).encode() in words:
            results.append(entry.parent.name)
    return results


def losses(folder: Path) -> list[float]:
    return [line["metrics"]["loss"] for line in progress(folder) if line["metrics"]]


def tokens(folder: Path) -> list[float]:
    return [line["metrics"]["num_tokens"] for line in progress(folder) if line["metrics"]]


def assert_same(path: Path, two: Path) -> None:
    """The losses agree to five digits, the weights to a thousandth of what a step moves them by."""
    import torch

    assert len(losses(two)) == 4
    assert losses(two) == pytest.approx(losses(path), rel=1e-5)
    first, second = tensors(path / "final"), tensors(two / "final")
    assert first.keys() == second.keys()
    for name, values in first.items():
        torch.testing.assert_close(second[name], values, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_killed_and_resumed_two_processes_end_as_one(tiny: Path, tmp_path: Path):
    entry, two = tmp_path / "one", tmp_path / "two"
    train(SFT(**KNOBS, **ONE), tiny, entry)
    trainer = SFT(**KNOBS, **TWO)
    file = spec_file(trainer, tiny, two)
    # However fast it is, it cannot end before it is killed: where the weights would be written is something else.
    _folders.unfinished(two).touch()
    reserved, port = reserve_port()
    with reserved, both(file, port) as processes:
        until(
            lambda: _folders.newest_checkpoint(two, trainer.resumes_with) or not all(p.is_alive() for p in processes),
            lambda: f"a checkpoint: {log_end(file)}",
        )
        assert _folders.newest_checkpoint(two, trainer.resumes_with), log_end(file)
    _folders.unfinished(two).unlink()
    (two / "checkpoint-4" / _folders.STATE).unlink(missing_ok=True)
    (two / "identity").write_text(identify(spec_for(trainer, tiny, two)))  # what starts them claims the folder

    ran(file)
    record = json.loads((two / "final" / "train.json").read_text())
    assert (record["processes"], record["resumed_from_step"], record["steps"]) == (2, 2, 4)
    assert_same(entry, two)
    assert tokens(two) == tokens(entry), "the second half was read by other processes than the first"
    assert {path.name for path in two.iterdir()} == {path.name for path in entry.iterdir()}


def test_none_of_several_outlives_a_cancelled_job(tiny: Path, tmp_path: Path):
    """A job is ended while its processes still load their libraries: asked, then killed, as a worker does it."""
    file = spec_file(SFT(**KNOBS, **TWO), tiny, tmp_path / "two")
    with start(file) as launcher:
        try:
            until(lambda: len(alive(file)) >= 3 or launcher.poll() is not None, lambda: f"processes: {log_end(file)}")
            assert launcher.poll() is None, log_end(file)
            os.killpg(launcher.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                launcher.wait(TERMINATE_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(launcher.pid, signal.SIGKILL)
    until(lambda: not alive(file), "the end of all processes")


@pytest.mark.parametrize(
    ("kind", "knobs"),
    [(DPO, {}), (KTO, {"loss_type": "apo_zero_unpaired"}), (RewardModel, {})],
    ids=["dpo", "kto", "rm"],
)
def test_two_processes_learn_pairs_and_labels_as_one(
    kind: type[Any], knobs: dict[str, Any], tiny: Path, tmp_path: Path
):
    """KTO with the loss that estimates no divergence: the other's is estimated within what each process reads."""
    train(kind(**KNOBS, **ONE, **knobs), tiny, tmp_path / "one")
    file = spec_file(kind(**KNOBS, **TWO, **knobs), tiny, tmp_path / "two")
    reserved, port = reserve_port()
    with reserved, both(file, port) as processes:
        for process in processes:
            process.join(PATIENCE)
            assert process.exitcode == 0, log_end(file)
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
