"""A child process that has loaded what stages need and waits for its job.

Loading takes longer than what a stage does before its first request. One is ready at a time, and it ends with its
worker as every child does.
"""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from backend.jobs.process import ChildProcess, head_of_log

FIRST_SECONDS = 4.0
"""After the worker's start, which it is not to slow down."""
NEXT_SECONDS = 3.0
"""After a job was given away, whose own start comes first."""
LOADING_SECONDS = 5.0
"""For so long a job waits for one that still loads: starting another would take as long."""
MORE_SECONDS = 5.0
"""How often one that waits looks whether more is to be loaded."""
MODULE = "backend.services.stage_process"
WAIT = "--wait"
LOADING, LOADED = b"-", b"\n"
"""What a process that waits tells its worker: that it loads more, and that it waits for a job."""


class Candidate:
    """A process that loads or waits, with what it is told its job by and what it says until then."""

    def __init__(self, child: ChildProcess, orders: socket.socket, log: IO[bytes]) -> None:
        self.child, self._orders, self._said = child, orders, log
        self._is_loaded = False

    def is_loaded(self, *, within: float) -> bool:
        """Whether it waits for a job now. Raises `OSError` where it has ended instead."""
        until = time.monotonic() + within
        while True:
            seconds = 0.0 if self._is_loaded else max(0.0, until - time.monotonic())
            if not select.select([self._orders], [], [], seconds)[0]:
                return self._is_loaded
            told = self._orders.recv(1024)
            if not told:
                raise ChildProcessError("it ended while it loaded")
            self._is_loaded = told.endswith(LOADED)

    def give(self, job_id: int, attempt: int, log: Path) -> None:
        """Raises `OSError` where it has ended or the log cannot be begun."""
        head_of_log(log, attempt)
        line = json.dumps({"job_id": job_id, "attempt": attempt, "log": str(log)}) + "\n"
        self._orders.sendall(line.encode())
        self.close()

    def last_words(self, log: Path) -> None:
        """Into the job's log: why it could not be given."""
        self._said.seek(0)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            output.write(b"The process that waited for a job ended before it got this one:\n" + self._said.read())

    def close(self) -> None:
        self._orders.close()
        self._said.close()

    def end(self) -> None:
        self.close()
        self.child.end_now()


class Standby:
    """Keeps one process ready. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: Candidate | None = None
        self._timer: threading.Timer | None = None
        self._is_closed = False

    def prepare(self, after: float) -> None:
        """Start a process in so many seconds, unless one is ready by then."""
        with self._lock:
            if self._is_closed or self._timer is not None:
                return
            self._timer = threading.Timer(after, self._start)
            self._timer.daemon = True
            self._timer.start()

    def take(self, job_id: int, attempt: int, log: Path) -> ChildProcess | None:
        """Give the job to the process that is ready; None where none is. One that still loads gets a moment."""
        with self._lock:
            candidate, self._ready = self._ready, None
        try:
            if candidate is None:
                return None
            if not candidate.is_loaded(within=LOADING_SECONDS):
                candidate = self._put_back(candidate)
                return None
            candidate.give(job_id, attempt, log)
            child, candidate = candidate.child, None
            return child
        except OSError:  # it has died meanwhile, or the log cannot be written, which the next one tells
            with suppress(OSError):
                assert candidate is not None
                candidate.last_words(log)
            return None
        finally:
            if candidate is not None:
                candidate.end()
            self.prepare(NEXT_SECONDS)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            candidate, self._ready, timer = self._ready, None, self._timer
        if timer is not None:
            timer.cancel()
        if candidate is not None:
            candidate.end()

    def _put_back(self, candidate: Candidate) -> Candidate | None:
        """What is not kept for the next job."""
        with self._lock:
            if self._is_closed or self._ready is not None:
                return candidate
            self._ready = candidate
        return None

    def _start(self) -> None:
        with self._lock:
            self._timer = None
            if self._is_closed or self._ready is not None:
                return
            with suppress(OSError):  # then the next job starts its own
                self._ready = _started()


def _started() -> Candidate:
    """A process that loads and waits."""
    with ExitStack() as on_failure:
        told, orders = socket.socketpair()
        on_failure.callback(orders.close)
        log = on_failure.enter_context(tempfile.TemporaryFile())
        with told:
            argv = [sys.executable, "-m", MODULE, WAIT, str(told.fileno())]
            child = ChildProcess(argv, output=subprocess.DEVNULL, errors=log, passed=[told.fileno()])
        on_failure.pop_all()
    return Candidate(child, orders, log)


def wait_for_job(
    descriptor: int, has_more: Callable[[], bool], load_more: Callable[[], None]
) -> tuple[int, int] | None:
    """In the child, which has loaded: the job and attempt that it is given, its output in the job's log from here on.

    None where there is none to come. has_more: called now and then while it waits, until there is more to load.
    load_more: loads that, once. No job is given meanwhile.
    """
    os.write(descriptor, LOADED)
    while not select.select([descriptor], [], [], MORE_SECONDS)[0]:
        if has_more():
            os.write(descriptor, LOADING)
            if not select.select([descriptor], [], [], 0)[0]:  # else a job was given just before it was told
                load_more()
            with suppress(OSError):  # its worker has given the job, or ended
                os.write(descriptor, LOADED)
            break
    with os.fdopen(descriptor, encoding="utf-8") as orders:
        line = orders.readline()
    if not line:
        return None
    given = json.loads(line)
    log = os.open(given["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return given["job_id"], given["attempt"]
