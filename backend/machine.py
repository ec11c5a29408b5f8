"""What this process runs on: Python, platform, processor, GPUs, which Rondo. No name of the machine or of a person."""

import importlib.util
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NVIDIA, PROCESSORS = Path("/proc/driver/nvidia"), Path("/proc/cpuinfo")
"""Where Linux says what is there; elsewhere there is less to say."""
SECONDS = 5.0
"""Git takes milliseconds; what a sleeping disk holds up is left out."""


@lru_cache(maxsize=1)
def described() -> dict[str, Any]:
    """Return what is known, as JSON; an empty text or list is not known, or not there.

    `commit`: of the checkout that Rondo runs from, with a + where files were changed since. `cpus`: those that this
    process may use. `cuda`: that for which torch was built. torch is not imported.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "gpus": gpus(visible=os.environ.get("CUDA_VISIBLE_DEVICES")),
        "driver": driver(),
        "cuda": cuda(),
        "rondo": _rondo(),
        "commit": commit(ROOT),
    }


def facts(machine: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, which) of what is known, for cards."""
    gpus_here = list(machine.get("gpus") or ())
    counted = [f"{gpus_here.count(name)} × {name}" for name in dict.fromkeys(gpus_here)]
    cpus, commit_here = machine.get("cpus"), machine.get("commit")
    rows = {
        "Python": machine.get("python"),
        "platform": machine.get("platform"),
        "processor": ", ".join(filter(None, (machine.get("processor"), f"{cpus} CPUs" if cpus else ""))),
        "GPU": ", ".join([*counted, *([f"driver {machine['driver']}"] if machine.get("driver") else [])]),
        "CUDA": machine.get("cuda"),
        "Rondo": " ".join(filter(None, (machine.get("rondo"), f"commit {commit_here}" if commit_here else ""))),
    }
    return [(name, str(value)) for name, value in rows.items() if value]


def in_one_line(machine: Mapping[str, Any]) -> str:
    """What is known of it; empty where nothing is."""
    return "; ".join(f"{what} {which}" for what, which in facts(machine))


def processor(file: Path = PROCESSORS) -> str:
    """The processor's name."""
    return _line(file, r"^(?:model name|Model|Hardware)\s*:\s*(.+)$") or platform.processor() or platform.machine()


def gpus(folder: Path = NVIDIA, visible: str | None = None) -> list[str]:
    """The names of NVIDIA's GPUs that this process may use, in the order of their places.

    visible: places or ids, as `CUDA_VISIBLE_DEVICES` has them; None: all that the machine shows.
    """
    files = sorted(folder.glob("gpus/*/information"))
    names, ids = ([_line(file, pattern) for file in files] for pattern in (r"^Model:\s*(.+)$", r"^GPU UUID:\s*(.+)$"))
    if visible is None:
        return [name for name in names if name]
    chosen = []
    for word in (word.strip() for word in visible.split(",")):
        at = [int(word)] if word.isdecimal() else [n for n, id_ in enumerate(ids) if word and id_.startswith(word)]
        if not at or at[0] >= len(names):
            break  # CUDA sees nothing behind a place that is not there
        chosen.append(names[at[0]])
    return [name for name in chosen if name]


def driver(folder: Path = NVIDIA) -> str:
    """The version of NVIDIA's driver."""
    return _line(folder / "version", r"^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)*)\s")


def cuda() -> str:
    """The version of CUDA for which the installed torch was built; empty for one without."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return ""
    return _line(Path(spec.origin).parent / "version.py", r"^cuda\b[^=]*=\s*['\"]([^'\"]+)['\"]")


def commit(root: Path) -> str:
    """The commit of a checkout; empty where the folder is none, or git is not here."""
    if not (root / ".git").exists():
        return ""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    return f"{head}+" if head and _git(root, "status", "--porcelain", "--untracked-files=no") else head


def _git(root: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _line(file: Path, pattern: str) -> str:
    """What the pattern's group finds first in a file; empty where there is no such file or line."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(pattern, text, re.MULTILINE)
    return match[1].strip() if match else ""


def _rondo() -> str:
    try:
        return version("rondo")
    except PackageNotFoundError:
        return ""
