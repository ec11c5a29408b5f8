"""Locks on files, which the kernel gives back however their holder dies."""

import fcntl
import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backend.errors import EngineError

log = logging.getLogger("rondo.engines")

TRY_SECONDS = 0.05
SAY_SECONDS = 5.0


def shared(path: Path, *, until: float = math.inf) -> IO[bytes]:
    """The file, locked together with others that share it until it is closed; raises `EngineError` at that time."""
    return _locked(path, fcntl.LOCK_SH, until)


@contextmanager
def held(path: Path, *, until: float = math.inf, waits_for: str = "") -> Iterator[None]:
    """Hold a file's lock alone; raises `EngineError` where that could not be had by that time.

    waits_for: what the log says that is waited for.
    """
    with _locked(path, fcntl.LOCK_EX, until, waits_for):
        yield


def _locked(path: Path, how: int, until: float, waits_for: str = "") -> IO[bytes]:
    began = last_note = time.monotonic()
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("ab")
        except FileNotFoundError:  # the folder was removed meanwhile
            continue
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
            if _is_there(path, file):
                return file
        except BlockingIOError:
            pass
        file.close()
        if time.monotonic() > until:
            raise EngineError(f"Another process holds {path}. Wait until its model server has started, and try again.")
        if waits_for and time.monotonic() - last_note > SAY_SECONDS:
            last_note = time.monotonic()
            log.info("Waiting for %s: %.0f seconds.", waits_for, last_note - began)
        time.sleep(TRY_SECONDS)


def _is_there(path: Path, file: IO[bytes]) -> bool:
    """Whether the file was not removed meanwhile: a lock on what nobody can open locks nothing."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
