"""What a job's processes printed: one file a job, its tail for the page."""

import os
from pathlib import Path

from backend.config import settings

TAIL_BYTES = 16_384
TAIL_LINES = 200


def log_path(job_id: int) -> Path:
    """The file with everything the job's processes printed, all attempts one after the other."""
    return settings().folder / "jobs" / str(job_id) / "log.txt"


def helper_log_path(job_id: int, helper_id: int) -> Path:
    """The file with what a helper's process printed."""
    return log_path(job_id).with_name(f"helper-{helper_id}.txt")


def tail(path: Path) -> str:
    """The last lines of a log. Of a progress bar that redraws itself, what it shows last."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    lines = text.split("\n")
    if size > TAIL_BYTES:
        lines = lines[1:]  # the first one is cut
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines[-TAIL_LINES:])


def last_lines(text: str, n: int = 3) -> str:
    """The last lines that say something, for an error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("--- attempt ")]
    return "\n".join(lines[-n:]) or "(it printed nothing)"
