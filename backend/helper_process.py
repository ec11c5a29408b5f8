"""Generators that run in a process of their own, ahead of whoever reads them: for work on two cores.

Threads share one interpreter lock, and a statement of SQLite gives it up and takes it back for every row: beside a
thread that computes, inserting waits for milliseconds a row.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from backend.config import settings
from backend.errors import MissingPrerequisite, RondoError

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2
"""Items that are made and not yet read, at most, beside the one that is under way: memory stays flat."""
MORE = b"+"
MODULE = "backend.helper_process"


def is_of_use() -> bool:
    """Whether there is a second processor for it."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) > 1


class HelperProcess:
    """One such process, started when it is first needed: that takes one to two seconds of a processor.

    It ends with the block, and with this process, however that ends: by the pipe that it is asked by.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "HelperProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if (process := self._process) is None:
            return
        self._process = None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()

    def ahead(
        self, make: Callable[..., Generator[Item, None, Result]], *given: Any, most: int = AHEAD
    ) -> Generator[Item, None, Result]:
        """Yield what `make(*given)` yields there, in its order, and return what it returns.

        most: how many items ahead. The function, what it is given and what comes of it pass through `pickle`. What it
        raises of `RondoError` and `OSError` is raised here, at its place; raises `MissingPrerequisite` where the
        process ends. It begins at once. Read one generator to its end before the next.
        """
        process = self._started()
        self._send(process, pickle.dumps((make, given, most), protocol=pickle.HIGHEST_PROTOCOL) + MORE * most)
        return self._items(process)

    def _items(self, process: "subprocess.Popen[bytes]") -> Generator[Any, None, Any]:
        while True:
            kind, value = _told(process)
            if kind == "error":
                raise value
            if kind == "end":
                return value
            self._send(process, MORE)
            yield value

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=settings().environment(),
            )
        return self._process

    def _send(self, process: "subprocess.Popen[bytes]", orders: bytes) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # that it is dead is seen where its answer is read
            process.stdin.write(orders)
            process.stdin.flush()


def _told(process: "subprocess.Popen[bytes]") -> tuple[str, Any]:
    assert process.stdout is not None
    try:
        told: tuple[str, Any] = pickle.load(process.stdout)  # of our own process
    except (EOFError, pickle.UnpicklingError) as error:
        code = process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise MissingPrerequisite(
            f"The process that works beside this one {how}, so nothing was written. Where memory ran out, free some; "
            "then retry."
        ) from error
    return told


def main() -> None:
    """Make what is asked for on standard input, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a shell sends it to both, and this one ends with the other
    orders = sys.stdin.buffer
    # What a library prints is no item.
    with os.fdopen(os.dup(1), "wb") as out, suppress(BrokenPipeError, EOFError):
        os.dup2(2, 1)
        while True:
            make, given, most = pickle.load(orders)
            for told in _made(make(*given)):
                if not orders.read(1):
                    return
                pickle.dump(told, out, protocol=pickle.HIGHEST_PROTOCOL)
                out.flush()
            orders.read(most - 1)  # what was asked for beyond the end


def _made(items: Generator[Any, None, Any]) -> Iterator[tuple[str, Any]]:
    while True:
        try:
            yield "item", next(items)
        except StopIteration as end:
            yield "end", end.value
            return
        except (RondoError, OSError) as error:
            yield "error", error
            return


if __name__ == "__main__":
    main()
