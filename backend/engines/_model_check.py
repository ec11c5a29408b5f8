"""What is checked of a model before it is used, in a process of its own: a chat template is a program."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from backend.values import JSON

SECONDS = 60


class Outcome(StrEnum):
    """`fail` refuses a registration."""

    passed = "pass"
    warn = "warn"
    fail = "fail"
    absent = "no"
    """An endpoint does not offer it, which is no fault."""


@dataclass(frozen=True)
class Line:
    """One thing that was checked. `name` is a word for programs, `text` for people."""

    name: str
    outcome: Outcome
    text: str

    def to_json(self) -> JSON:
        return asdict(self)


def run(folder: Path, base: Path | None = None) -> list[Line]:
    """Check a model's folder (of an adapter, with its base) in a process of its own. Never raises."""
    command = [sys.executable, "-m", "backend.engines._model_lines", str(folder), *([str(base)] if base else [])]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        said = f"The check did not end within {SECONDS} seconds: the chat template may run for ever."
        return [Line("template", Outcome.fail, said)]
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1][:300]
        return [Line("check", Outcome.warn, f"The check itself ended early: {last}")]
    return [Line(one["name"], Outcome(one["outcome"]), one["text"]) for one in found]
