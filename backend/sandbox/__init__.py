"""Runs Python programs that a model wrote, and tells what calls of their functions return.

The program runs in bubblewrap, in a process that only answers calls. What a right answer is stays outside, and so does
the comparison: whatever a program prints, patches or forges, all it can do is answer.
"""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Any

from backend.errors import MissingPrerequisite
from backend.sandbox import _bubblewrap
from backend.sandbox._bubblewrap import check
from backend.sandbox._wire import NotPlain, pack, unpack
from backend.values import JSON

__all__ = ["Call", "CallResult", "Ending", "Limits", "check", "run", "run_all"]

MOST_REPLY = 64 * 1024
"""Bytes of one reply; a longer one is not read."""
MOST_TEXT = 20_000
"""Characters of a program and of the arguments of a call that are handed in."""
START_SECONDS = 60.0
"""How long the sandbox may take to start, which the program has no part in."""
MOST_AT_ONCE = min(4, os.cpu_count() or 1)
"""Boxes at a time, whoever asks: more would make each other run out of time."""
MOST_TIMEOUTS = 8
"""Calls of a program that may run out of time; those after them are not run."""
_places = BoundedSemaphore(MOST_AT_ONCE)
OUT_OF_TIME = 128 + 24
"""How bubblewrap ends where the process in it died of SIGXCPU."""


class Ending(StrEnum):
    """How a call ended."""

    value = "value"
    crash = "crash"
    """An exception, an end of the process, or an answer that is no plain value."""
    timeout = "timeout"
    forbidden = "forbidden"
    """It tried what a program has no use for: files, other processes, the network."""
    flaky = "flaky"
    """Two runs ended differently."""


@dataclass(frozen=True)
class Call:
    """A call of a function of the program, with plain values."""

    function: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class CallResult:
    """What a call came to. `message`: the exception, or what was tried; a program can make it up."""

    ending: Ending
    value: Any = None
    message: str = ""


@dataclass(frozen=True)
class Limits:
    """Of CPU time and of time on the clock, for one call; of memory, in MiB; of a file, in bytes."""

    seconds: int = 2
    wall_seconds: float = 10.0
    memory_mb: int = 256
    file_bytes: int = 2**20


def run(program: str, calls: Sequence[Call], limits: Limits = Limits(), *, hash_seed: int = 0) -> list[CallResult]:
    """Return what each call comes to, in order; a call that ends the process leaves those after it as they are.

    The program is run anew for each call. Once `MOST_TIMEOUTS` calls ran out of time, so do all others, unseen.
    Raises `MissingPrerequisite` where no sandbox can be started.
    """
    if len(program) > MOST_TEXT:
        return [CallResult(Ending.crash, message=f"the program has more than {MOST_TEXT:,} characters")] * len(calls)
    answers: list[CallResult] = []
    while len(answers) < len(calls):
        if sum(answer.ending is Ending.timeout for answer in answers) >= MOST_TIMEOUTS:
            reason = f"not run: {MOST_TIMEOUTS} calls before ran out of time"
            return answers + [CallResult(Ending.timeout, message=reason)] * (len(calls) - len(answers))
        with _places, _Box(program, limits, len(calls), hash_seed) as box:
            while box.is_open and len(answers) < len(calls):
                answers.append(box.ask(calls[len(answers)]))
    return answers


def run_all(jobs: Sequence[tuple[str, Sequence[Call]]], limits: Limits = Limits()) -> list[list[CallResult]]:
    """Run several programs, each twice and with another order of hashes: what ends differently is flaky."""
    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
        return list(pool.map(lambda job: _run_twice(job[0], job[1], limits), jobs))


def _run_twice(program: str, calls: Sequence[Call], limits: Limits) -> list[CallResult]:
    first = run(program, calls, limits)
    again = [number for number, answer in enumerate(first) if answer.ending is not Ending.timeout]
    second = run(program, [calls[number] for number in again], limits, hash_seed=1)
    for number, other in zip(again, second, strict=True):
        if not _is_same(first[number], other):
            first[number] = CallResult(Ending.flaky, message="two runs ended differently")
    return first


def _is_same(first: CallResult, other: CallResult) -> bool:
    if first.ending is not other.ending or first.ending is not Ending.value:
        return first.ending is other.ending
    return bool(first.value == other.value) or repr(first.value) == repr(other.value)  # nan is not equal to itself


class _Box:
    """One process in a sandbox. Once it is closed, or out of step, it is killed and another one takes over."""

    def __init__(self, program: str, limits: Limits, calls: int, hash_seed: int) -> None:
        check()
        self.limits, self.is_open, self.read = limits, True, b""
        with _bubblewrap.filtered() as descriptor:
            self.process = subprocess.Popen(
                _bubblewrap.command(shutil.which("bwrap") or "", descriptor),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                start_new_session=True,
                env=_bubblewrap.environment(hash_seed),
                bufsize=0,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to, self.back = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.to, False)
        os.set_blocking(self.back, False)
        self.header = {
            "program": program,
            "seconds": limits.seconds,
            "all_seconds": limits.seconds * calls + 2,
            "memory_bytes": limits.memory_mb * 2**20,
            "file_bytes": limits.file_bytes,
        }

    def __enter__(self) -> "_Box":
        """The program has not begun yet: what goes wrong here is no fault of its."""
        reply = self._exchange(self.header, START_SECONDS)
        if reply != {"ready": True}:
            self.__exit__()
            raise MissingPrerequisite(f"The sandbox did not start. {_bubblewrap.WAY_OUT}")
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
        self.process.kill()  # the process in the sandbox is bound to die with this one
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def ask(self, call: Call) -> CallResult:
        try:
            args, kwargs = [pack(arg) for arg in call.args], [[name, pack(value)] for name, value in call.kwargs]
            request = {"function": call.function, "args": args, "kwargs": kwargs}
            if len(json.dumps(request)) > MOST_TEXT:
                raise NotPlain(f"more than {MOST_TEXT:,} characters")
        except ValueError as error:
            return CallResult(Ending.crash, message=f"the arguments are {error}")
        return self._answer(self._exchange(request, self.limits.wall_seconds))

    def _answer(self, reply: JSON | str) -> CallResult:
        if isinstance(reply, str):
            self.is_open = False
            return CallResult(Ending.timeout if reply == "timeout" else Ending.crash, message=reply)
        if isinstance(message := reply.get("forbidden"), str):
            return CallResult(Ending.forbidden, message=_short(message))
        if isinstance(message := reply.get("error"), str):
            return CallResult(Ending.crash, message=_short(message))
        try:
            return CallResult(Ending.value, unpack(reply["value"]))
        except (KeyError, NotPlain) as error:
            return CallResult(Ending.crash, message=f"an answer that cannot be read: {_short(str(error))}")

    def _exchange(self, request: JSON, seconds: float) -> JSON | str:
        """Send one line and return the next; `timeout`, or how the process ended, where none comes."""
        until, data = time.monotonic() + seconds, json.dumps(request).encode() + b"\n"
        poll = select.poll()
        poll.register(self.back, select.POLLIN)
        poll.register(self.to, select.POLLOUT)
        while b"\n" not in self.read:
            left = until - time.monotonic()
            if left <= 0:
                return "timeout"
            ready = dict(poll.poll(left * 1000))
            if self.to in ready and data:
                try:
                    data = data[os.write(self.to, data) :]
                except OSError:  # it is gone, and what it left is read below
                    data = b""
            if not data:
                poll.modify(self.to, 0)
            if self.back in ready:
                more = os.read(self.back, MOST_REPLY)
                self.read += more
                if len(self.read) > MOST_REPLY:
                    return f"an answer of more than {MOST_REPLY:,} bytes"
                if not more:
                    return self._ended(max(left, 1.0))
        line, _, self.read = self.read.partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            return "an answer that cannot be read"
        return reply if isinstance(reply, dict) else "an answer that cannot be read"

    def _ended(self, seconds: float) -> str:
        """How the process ended, which has closed its end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return "the process closed its answers"
        return "timeout" if code == OUT_OF_TIME else f"the process ended with {code}"


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
