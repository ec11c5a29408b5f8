"""What a child process does so that it never outlives its worker, and how it starts one of its own."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from backend import lifeline, private
from backend.errors import TrainerError
from backend.jobs.logs import last_lines, tail

PARENT_PIPE = "RONDO_PARENT_PIPE"
AWAY = 75
"""The exit code (EX_TEMPFAIL) of a child that could not go on because the database was away: its job starts again."""
POLL_SECONDS = 0.5
TERMINATE_SECONDS = 1.0


def guard() -> None:
    """Call first thing in a child: when the worker's end of the pipe closes, the whole process group is killed.

    The kernel closes it however the worker dies, so this also holds for kill -9. Without a worker (a child
    started by hand) there is nothing to watch. What a child writes is closed to others in any case.
    """
    private.keep()
    descriptor = os.environ.get(PARENT_PIPE)
    if descriptor is not None:
        threading.Thread(target=_watch, args=(int(descriptor),), name="parent-guard", daemon=True).start()


def _watch(descriptor: int) -> None:
    try:
        while os.read(descriptor, 1):
            pass
    finally:
        os.killpg(os.getpgrp(), signal.SIGKILL)


def run_grandchild(argv: Sequence[str], *, log: Path, while_running: Callable[[], None] = lambda: None) -> None:
    """Run a program in this process group, its output added to the log, and wait for it.

    `while_running` is called every half second and once at the end. Whatever it raises ends the program first.
    """
    with log.open("ab") as output:  # standard input stays the pipe that `guard` watches
        process = subprocess.Popen(list(argv), stdout=output, stderr=output, pass_fds=_worker_pipe())
    try:
        while not _ended(process):
            while_running()
        while_running()
    finally:
        _terminate(process)
    if process.returncode != 0:
        how = describe_exit(process.returncode)
        raise TrainerError(f"The training process {how} Its last lines:\n{last_lines(tail(log))}")


def _worker_pipe() -> list[int]:
    """Passed on to programs of a job, whose environment names it."""
    return [lifeline.pipe()] if lifeline.PIPE in os.environ else []


def describe_exit(code: int) -> str:
    """How a process ended, as the end of a sentence."""
    if code >= 0:
        return f"ended with exit code {code}."
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    if -code == signal.SIGKILL:
        return f"was killed ({name}), which is what the system does when memory runs out."
    return f"was killed by {name}."


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _terminate(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
