"""A job's child process as its worker sees it: started, followed, ended."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from backend import lifeline
from backend.config import settings
from backend.jobs.child import PARENT_PIPE

TERMINATE_SECONDS = 1.0

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


class Child(Protocol):
    """A job's process, however it was started."""

    @property
    def pid(self) -> int: ...

    @property
    def exit_code(self) -> int:
        """Of one that has ended."""
        ...

    async def ended(self, *, within: float) -> bool: ...

    async def end(self) -> None: ...


async def kept(starting: Awaitable[Child]) -> Child:
    """The child that is being started. Where its caller is cancelled meanwhile, it is waited for and ended.

    Starting goes on in a thread or in the loop whoever is cancelled, and nobody else would know the process.
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


class ChildProcess:
    """A process in its own group that reads the other end of a pipe we hold: it ends when we do."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: int) -> None:
        self._process, self._pipe = process, pipe

    @classmethod
    async def start(cls, argv: list[str], log: Path, attempt: int) -> "ChildProcess":
        head_of_log(log, attempt)
        theirs, ours = os.pipe()
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=theirs,
                    stdout=output,
                    stderr=output,
                    env=child_environment(),
                    start_new_session=True,
                    pass_fds=[lifeline.pipe()],
                )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int:
        assert self._process.returncode is not None
        return self._process.returncode

    async def ended(self, *, within: float) -> bool:
        try:
            await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            return False
        return True

    async def end(self) -> None:
        """End the whole group: ask, wait a second, kill. Also after a normal end, for what the child left behind."""
        try:
            if self._process.returncode is None:
                self._signal(signal.SIGTERM)
                await self.ended(within=TERMINATE_SECONDS)
        finally:  # also when this very wait is cancelled
            self._signal(signal.SIGKILL)
            if self._pipe >= 0:
                os.close(self._pipe)
                self._pipe = -1
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
