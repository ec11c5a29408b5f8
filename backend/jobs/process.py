"""A job's child process as its worker sees it: started, followed, ended."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from backend import lifeline
from backend.config import settings
from backend.jobs.child import PARENT_PIPE

TERMINATE_SECONDS = 1.0
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.02, 0.2
"""Where the system does not tell of a child's end: a short job is seen to end at once, and a training that takes hours
does not wake the loop all the time."""

KEEP_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(4 * 2**30)}
"""glibc's allocator keeps what was freed instead of giving it back to the kernel (mallopt(3)). A model on the CPU
frees and takes the same tensors for every token; with the defaults each comes as new pages. The job's process ends
with the job, and its memory with it."""


def child_environment() -> dict[str, str]:
    """What a child gets: the settings of this process, the pipe of its parent as its standard input, and that of what
    outlives it, `lifeline.pipe()`, which has to be passed."""
    more = {PARENT_PIPE: "0", "PYTHONUNBUFFERED": "1"}
    return KEEP_FREED_MEMORY | settings().environment() | lifeline.environment() | more


def head_of_log(log: Path, attempt: int) -> None:
    """Begin the attempt in the job's log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"--- attempt {attempt}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())


class ChildProcess:
    """A process in its own group that reads the other end of a pipe we hold: it ends when we do."""

    def __init__(
        self, argv: Sequence[str], *, output: int | IO[bytes], errors: int | IO[bytes], passed: Sequence[int] = ()
    ) -> None:
        self._poll_seconds = FIRST_POLL_SECONDS
        theirs, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=theirs,
                stdout=output,
                stderr=errors,
                env=child_environment(),
                start_new_session=True,
                pass_fds=(lifeline.pipe(), *passed),
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(theirs)

    @classmethod
    def start(cls, argv: Sequence[str], log: Path, attempt: int) -> "ChildProcess":
        """Start an attempt of a job, which writes into the job's log."""
        head_of_log(log, attempt)
        with log.open("ab") as output:
            return cls(argv, output=output, errors=output)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int:
        """Of one that has ended."""
        assert self._process.returncode is not None
        return self._process.returncode

    async def ended(self, *, within: float) -> bool:
        until = time.monotonic() + within
        while self._process.poll() is None:
            left = until - time.monotonic()
            if left <= 0:
                return False
            if not await self._told_of_end(left):
                await asyncio.sleep(min(self._poll_seconds, left))
                self._poll_seconds = min(2 * self._poll_seconds, LONGEST_POLL_SECONDS)
        return True

    async def _told_of_end(self, within: float) -> bool:
        """Sleep until the system says that the child has ended, so long at most; False where it does not say."""
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # not Linux; or no file may be opened now
            return False
        try:
            end = asyncio.Event()
            try:
                loop.add_reader(descriptor, end.set)
            except NotImplementedError:
                return False
            try:
                async with asyncio.timeout(within):
                    await end.wait()
            except TimeoutError:
                pass
            finally:
                loop.remove_reader(descriptor)
        finally:
            os.close(descriptor)
        return True

    async def end(self) -> None:
        """End the whole group: ask, wait a second, kill. Also after a normal end, for what the child left behind."""
        try:
            if self._process.poll() is None:
                self._signal(signal.SIGTERM)
                await self.ended(within=TERMINATE_SECONDS)
        finally:  # also when this very wait is cancelled
            self._kill()
            await self._reaped()

    async def _reaped(self) -> None:
        """Wait for a killed child, which holds its memory until it is gone; a cancellation is raised only then."""
        cancelled: asyncio.CancelledError | None = None
        while self._process.poll() is None:
            try:
                await self.ended(within=TERMINATE_SECONDS)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def end_now(self) -> None:
        """Kill the whole group, and wait for its end."""
        self._kill()
        self._process.wait()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


async def kept(starting: Awaitable[ChildProcess]) -> ChildProcess:
    """The child that is being started. Where its caller is cancelled meanwhile, it is waited for and ended.

    Starting goes on in its thread whoever is cancelled, and nobody else would know the process.
    """
    task = asyncio.ensure_future(starting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled() and task.exception() is None:
            await task.result().end()
        raise
