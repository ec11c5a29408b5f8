"""What is checked of a model before it is used, in a process of its own: a chat template is a program."""

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from backend.values import JSON

SECONDS = 60
State = tuple[str, int, int, int]


class CheckLevel(StrEnum):
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
    outcome: CheckLevel
    text: str

    def to_json(self) -> JSON:
        return asdict(self)


def run(folder: Path, base: Path | None = None) -> list[Line]:
    """Check a model's folder (of an adapter, with its base) in a process of its own. Never raises.

    A folder that this process has checked is checked again only when a file in it changed: each training asks for its
    policy, which the training before it made and checked.
    """
    places = (folder, base) if base is not None else (folder,)
    try:
        return list(_checked(places, tuple(map(_state, places))))
    except subprocess.TimeoutExpired:
        text = f"The check did not end within {SECONDS} seconds: the chat template may run for ever."
        return [Line("template", CheckLevel.fail, text)]
    except EndedEarly as error:
        return [Line("check", CheckLevel.warn, f"The check itself ended early: {error}")]


class EndedEarly(Exception):
    """The process of a check wrote no lines; the message is its last word."""


@lru_cache(maxsize=64)
def _checked(places: tuple[Path, ...], states: tuple[frozenset[State], ...]) -> tuple[Line, ...]:
    """The lines of folders in these states. What raises is not kept."""
    command = [sys.executable, "-m", "backend.engines._model_lines", *map(str, places)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
    )
    try:
        return tuple(Line(line["name"], CheckLevel(line["outcome"]), line["text"]) for line in json.loads(done.stdout))
    except ValueError as error:
        raise EndedEarly((done.stderr.strip().splitlines() or ["no word"])[-1][:300]) from error


def _state(folder: Path) -> frozenset[State]:
    """Name, size, time of change and inode of each file in a folder; a file that goes meanwhile is left out."""
    states = []
    for file in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            stat = file.stat()
            states.append((file.name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return frozenset(states)
