"""A child process that has loaded what stages need and waits for its job.

Loading takes longer than what a stage does before its first request. One is ready at a time, and it ends with its
worker as every child does.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from backend import lifeline
from backend.jobs.process import TERMINATE_SECONDS, child_environment, head_of_log

FIRST_SECONDS = 4.0
"""After the worker's start, which it is not to slow down."""
NEXT_SECONDS = 3.0
"""After a job was given away, whose own start comes first."""
MODULE = "backend.services.stage_process"
WAIT = "--wait"


class WarmChild:
    """As `ChildProcess`, of a process that no event loop has started."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        self._process, self._pipe = process, pipe

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int:
        assert self._process.returncode is not None
        return self._process.returncode

    async def ended(self, *, within: float) -> bool:
        return await asyncio.to_thread(self._ended, within)

    async def end(self) -> None:
        """End the whole group: ask, wait a second, kill."""
        try:
            if self._process.poll() is None:
                self._signal(signal.SIGTERM)
                await self.ended(within=TERMINATE_SECONDS)
        finally:  # also when this very wait is cancelled
            self.kill()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        self._process.wait()

    def _ended(self, within: float) -> bool:
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Standby:
    """Keeps one process ready. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: tuple[WarmChild, int] | None = None
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

    def take(self, job_id: int, attempt: int, log: Path) -> WarmChild | None:
        """Give the job to the process that is ready; None where none is."""
        with self._lock:
            found, self._ready = self._ready, None
        self.prepare(NEXT_SECONDS)
        if found is None:
            return None
        child, orders = found
        head_of_log(log, attempt)
        line = json.dumps({"job_id": job_id, "attempt": attempt, "log": str(log)}) + "\n"
        try:
            os.write(orders, line.encode())
        except OSError:  # it has died meanwhile
            child.kill()
            return None
        finally:
            os.close(orders)
        return child

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            found, self._ready, timer = self._ready, None, self._timer
        if timer is not None:
            timer.cancel()
        if found is not None:
            os.close(found[1])
            found[0].kill()

    def _start(self) -> None:
        with self._lock:
            self._timer = None
            if self._is_closed or self._ready is not None:
                return
            with suppress(OSError):  # then the next job starts its own
                self._ready = _started()


def _started() -> tuple[WarmChild, int]:
    """A process that loads and waits, and the end of the pipe on which it is told its job."""
    theirs, ours = os.pipe()
    told, orders = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, WAIT, str(told)],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            pass_fds=(told, lifeline.pipe()),
            start_new_session=True,
        )
    except OSError:
        os.close(ours)
        os.close(orders)
        raise
    finally:
        os.close(theirs)
        os.close(told)
    return WarmChild(process, ours), orders


def wait_for_job(descriptor: int) -> tuple[int, int] | None:
    """In the child: the job and attempt that it is given, its output in the job's log from here on; None for none."""
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
