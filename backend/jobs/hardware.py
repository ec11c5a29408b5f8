"""What a worker may compute with, found without a library for GPUs."""

import os
import shutil
import subprocess
import sys

SECONDS = 20.0
"""For a driver to answer: the first question after a start of the machine may take that long."""
QUERY = "index,uuid,name,memory.total"


def cpus() -> int:
    """How many processors this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus() -> list[str]:
    """Name and memory of each GPU that this process may use; none where the driver's nvidia-smi does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    line = [program, f"--query-gpu={QUERY}", "--format=csv,noheader"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if done.returncode else usable(done.stdout, os.environ.get("CUDA_VISIBLE_DEVICES"))


def usable(listed: str, visible: str | None) -> list[str]:
    """Those of nvidia-smi's lines that CUDA_VISIBLE_DEVICES names, by number or by the start of a UUID.

    CUDA reads it in the same way: the list ends at the first name that is no GPU's, and an empty one leaves none.
    """
    rows = [[part.strip() for part in line.split(",", 3)] for line in listed.strip().splitlines()]
    devices = [row for row in rows if len(row) == 4]
    if visible is not None:
        chosen = []
        for name in (part.strip() for part in visible.split(",")):
            row = next((row for row in devices if name and (row[0] == name or row[1].startswith(name))), None)
            if row is None:
                break
            chosen.append(row)
        devices = chosen
    return [f"{name}, {memory}" for _, _, name, memory in devices]
