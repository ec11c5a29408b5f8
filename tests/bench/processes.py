"""A training in two processes (gloo, on the CPU) against one in one process with the same total batch."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backend.demo import MODEL_FOLDER
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from tests.integration.trainers.training import progress, rows, spec_for, tensors


def main(steps: int) -> None:
    """Print how far losses and weights are apart after so many steps, and what both took."""
    for kind, data, rate in ((SFT, "prompt_completion", 5e-4), (DPO, "preference", 1e-4)):
        with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
            path, two = Path(folder) / "one", Path(folder) / "two"
            knobs: dict[str, Any] = {"max_steps": steps, "logging_steps": 1, "learning_rate": rate}
            records = rows(data, 16 * min(steps, 60))
            alone = trained(kind(**knobs, per_device_train_batch_size=16), path, records)
            shared = trained(kind(**knobs, per_device_train_batch_size=8, num_processes=2), two, records)
            apart = [abs(a - b) / abs(a) for a, b in zip(losses(path), losses(two), strict=True)]
            first, second = tensors(path / "final"), tensors(two / "final")
            weights = max(float((first[name] - second[name]).abs().max()) for name in first)
            print(
                f"{kind.name}, {steps} steps of 16 rows: loss {losses(path)[0]:.4f} to {losses(path)[-1]:.4f}; two processes "
                f"differ by at most {max(apart):.1e} of the loss, weights by at most {weights:.1e}; "
                f"{alone:.1f} s in one process, {shared:.1f} s in two, start included"
            )


def trained(trainer: Any, folder: Path, data: list[dict[str, Any]]) -> float:
    """Train as a worker does and return the seconds."""
    file = folder.parent / f"{folder.name}.json"
    file.write_text(json.dumps(spec_for(trainer, MODEL_FOLDER, folder, data=data).to_json()))
    started = time.perf_counter()
    command = [sys.executable, "-m", "backend.trainers", str(file)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    return time.perf_counter() - started


def losses(folder: Path) -> list[float]:
    return [line["metrics"]["loss"] for line in progress(folder) if line["metrics"]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40, help="optimizer steps of each training")
    main(parser.parse_args().steps)
