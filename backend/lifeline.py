"""How what outlives one job ends with its worker: by a pipe of which the worker alone holds the writing end.

The kernel closes it however the worker dies. A process that no worker started holds a pipe of its own.
"""

import os
import secrets
import socket
from threading import Lock

PIPE, NAME = "RONDO_WORKER_PIPE", "RONDO_WORKER_NAME"
"""Set by a worker for its jobs: the reading end's number, and what the worker is called, for as long as it lives."""


class _Own:
    """Of this process, where no worker started it."""

    name = ""
    pipe: tuple[int, int] | None = None
    lock = Lock()


def name() -> str:
    """What the worker is called, begun by its machine's name."""
    with _Own.lock:
        if not _Own.name:
            _Own.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        return os.environ.get(NAME) or _Own.name


def pipe() -> int:
    """The reading end. It is never written to: when it can be read, the worker is dead."""
    given = os.environ.get(PIPE)
    if given:
        return int(given)
    with _Own.lock:
        if _Own.pipe is None:
            _Own.pipe = os.pipe()
        return _Own.pipe[0]


def environment() -> dict[str, str]:
    """The variables of a child to which `pipe` is passed."""
    return {PIPE: str(pipe()), NAME: name()}


def cut() -> None:
    """End what hangs on this process's own pipe; what is started later gets a new one."""
    with _Own.lock:
        ends, _Own.pipe, _Own.name = _Own.pipe, None, ""
    for end in ends or ():
        os.close(end)
