"""Locks on files, which the kernel gives back however their holder dies."""

import fcntl
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backend.errors import EngineError

TRY_SECONDS = 0.05


def shared(path: Path, *, until: float = math.inf) -> IO[bytes]:
    """The file, locked together with others that share it until it is closed; raises `EngineError` at that time."""
    return _locked(path, fcntl.LOCK_SH, until)


@contextmanager
def held(path: Path, *, until: float = math.inf) -> Iterator[None]:
    """Hold a file's lock alone; raises `EngineError` where that could not be had by that time."""
    with _locked(path, fcntl.LOCK_EX, until):
        yield


def _locked(path: Path, how: int, until: float) -> IO[bytes]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
            if _is_there(path, file):
                return file
        except BlockingIOError:
            pass
        file.close()
        if time.monotonic() > until:
            raise EngineError(f"Another process holds {path}. Wait until its model server has started, and try again.")
        time.sleep(TRY_SECONDS)


def _is_there(path: Path, file: IO[bytes]) -> bool:
    """Whether the file was not removed meanwhile: a lock on what nobody can open locks nothing."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
