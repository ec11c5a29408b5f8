"""A child process is followed and ended by its worker, whatever the system tells and whoever is cancelled."""

import asyncio
import os
from pathlib import Path

import pytest

from backend.jobs import process
from backend.jobs.process import ChildProcess
from tests.event_loops import run_alone
from tests.waiting import until

HARD_TO_END = "trap '' TERM; echo ready; while true; do sleep 600; done"


@pytest.mark.parametrize("is_told", [True, False], ids=["told by the system", "polled"])
def test_a_child_is_followed_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool) -> None:
    if not is_told:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    child = ChildProcess.start(["sh", "-c", "read line; exit 3"], tmp_path / "log.txt", 1)
    files = len(os.listdir("/proc/self/fd"))

    async def follow() -> None:
        assert not await child.ended(within=0.1)
        os.close(child._pipe)  # which it reads
        child._pipe = -1
        assert await child.ended(within=60)
        await child.end()

    run_alone(follow())
    assert child.exit_code == 3
    assert (child._poll_seconds > process.FIRST_POLL_SECONDS) is not is_told
    assert len(os.listdir("/proc/self/fd")) == files - 1, "the pipe"


def test_a_child_that_ignores_the_request_is_gone_where_its_ending_is_cancelled(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    child = ChildProcess.start(["sh", "-c", HARD_TO_END], log, 1)
    until(lambda: "ready" in log.read_text(), "the child ignores SIGTERM")

    async def cancelled() -> None:
        task = asyncio.create_task(child.end())
        for _ in range(3):  # in the wait for SIGTERM, and in the one for SIGKILL
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_alone(cancelled())
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    assert child.exit_code == -9
