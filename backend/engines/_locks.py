"""Locks on files, which the kernel gives back however their holder dies."""

import fcntl
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backend.errors import EngineError

log = logging.getLogger("rondo.engines")

TRY_SECONDS = 0.05
SAY_SECONDS = 5.0


Check = Callable[[], None]
"""Called now and then while a lock is waited for; what it raises ends the wait."""


def no_check() -> None:
    """Ends no wait."""


def shared(path: Path, *, until: float = math.inf, waits_for: str = "", check: Check = no_check) -> IO[bytes]:
    """The file, locked together with others that share it until it is closed; raises `EngineError` at that time."""
    return _locked(path, fcntl.LOCK_SH, until, waits_for, check)


@contextmanager
def held(path: Path, *, until: float = math.inf, waits_for: str = "", check: Check = no_check) -> Iterator[None]:
    """Hold a file's lock alone; raises `EngineError` where that could not be had by that time.

    waits_for: what the log says that is waited for.
    """
    with _locked(path, fcntl.LOCK_EX, until, waits_for, check):
        yield


class SharedOrAlone:
    """A lock of many processes that is shared or held alone, and for which neither waits for ever.

    Who wants it alone holds `next` until it has it; those that share it pass through `next`, so no further ones begin
    meanwhile. Within a process those that want it alone get it in the order in which they asked.
    """

    def __init__(self, folder: Path, waits_for: str) -> None:
        """waits_for: what the log says that is waited for."""
        self._next, self._turn, self._waits_for = folder / "next", folder / "turn", waits_for
        self._queue = FirstCome()

    @contextmanager
    def shared(self, check: Check = no_check) -> Iterator[None]:
        with shared(self._next, waits_for=self._waits_for, check=check):
            turn = shared(self._turn, waits_for=self._waits_for, check=check)
        with turn:
            yield

    @contextmanager
    def alone(self, check: Check = no_check) -> Iterator[None]:
        with self._queue.held(check):
            with held(self._next, waits_for=self._waits_for, check=check):
                turn = _locked(self._turn, fcntl.LOCK_EX, math.inf, self._waits_for, check)
            with turn:
                yield


class FirstCome:
    """A lock of threads, which get it in the order in which they asked for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        """The first one has it."""

    @contextmanager
    def held(self, check: Check = no_check) -> Iterator[None]:
        place = object()
        with self._changed:
            self._waiting.append(place)
        try:
            with self._changed:
                while self._waiting[0] is not place:
                    check()
                    self._changed.wait(TRY_SECONDS)
            yield
        finally:
            with self._changed:
                self._waiting.remove(place)
                self._changed.notify_all()


def _locked(path: Path, how: int, until: float, waits_for: str, check: Check) -> IO[bytes]:
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
        check()
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
