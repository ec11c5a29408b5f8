"""A Python that "has vLLM": the package of `fake_vllm`, told what to do, and what it was asked."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.config import reread
from backend.engines import _server_folders

PACKAGE = Path(__file__).parent / "fake_vllm"


class FakeVLLM:
    """What the test tells the server, and what the server noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tell()

    def tell(self, **control: Any) -> None:
        (self.folder / "control.json").write_text(json.dumps(control))

    def noted(self, kind: str) -> list[Any]:
        file = self.folder / f"{kind}.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def running(self) -> list[int]:
        """Those of its processes that run, the first one's before the core's."""
        return [pid for both in self.noted("processes") for pid in both if lives(pid)]

    @property
    def servers(self) -> list[int]:
        """The first process of each server that was started."""
        return [both[0] for both in self.noted("processes")]


@contextmanager
def fake_vllm(folder: Path, *, idle_seconds: float = 60, data: Path | None = None) -> Iterator[FakeVLLM]:
    """Let the settings name a Python that has the package; ends every server that was started.

    data: the data folder, where there is none yet.
    """
    monkeypatch = pytest.MonkeyPatch()
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGE} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("FAKE_VLLM", str(folder))
    monkeypatch.setenv("RONDO_VLLM_PYTHON", str(python))
    monkeypatch.setenv("RONDO_VLLM_IDLE_SECONDS", str(idle_seconds))
    monkeypatch.setenv("RONDO_VLLM_START_SECONDS", "60")
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv("RONDO_DATA_DIR", str(data))
    reread()
    vllm = FakeVLLM(folder)
    try:
        yield vllm
    finally:
        stop_servers()
        shutil.rmtree(_server_folders.home().parent, ignore_errors=True)
        monkeypatch.undo()
        reread()


def chats(*texts: str) -> list[Any]:
    """A chat of one question each."""
    return [[{"role": "user", "content": text}] for text in texts]


def stop_servers() -> None:
    """End the servers of all workers of the data folder."""
    for place in _server_folders.home().parent.glob("*/*/spec.json"):
        _server_folders.stop(place.parent)


def lives(pid: int) -> bool:
    """A zombie that nobody reaped yet does not live."""
    return _stat(pid)[:1] not in ([], ["Z"])


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def until(true: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def group_of(pid: int) -> list[int]:
    """The processes that live in a process's group."""
    group = _stat(pid)[2]
    results = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [result for result in results if lives(result) and _stat(result)[2:3] == [group]]
