"""The process that waits for a job: it gets one, and ends where its worker has none for it any more."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from backend.jobs import standby
from backend.jobs.process import ChildProcess, kept
from tests.event_loops import run_alone
from tests.waiting import until

ROOT = Path(__file__).parents[3]
WAITS = """
import pathlib
import sys
import time
from backend.jobs import child, standby
child.guard()
standby.MORE_SECONDS = 0.01
looks = pathlib.Path(__file__).with_name("looks")
def has_more():
    with looks.open("a") as file:
        file.write("look\\n")
    return len(looks.read_text().split()) == 3
def load_more():
    pathlib.Path(__file__).with_name("loads").touch()
    while pathlib.Path(__file__).with_name("slow").exists():
        time.sleep(0.01)
print("given", standby.wait_for_job(int(sys.argv[2]), has_more, load_more))
"""


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> standby.Standby:
    (tmp_path / "waits_for_a_job.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(standby, "MODULE", "waits_for_a_job")
    monkeypatch.setattr(standby, "LOADING_SECONDS", 120.0)
    result = standby.Standby()
    result.prepare(0)
    until(lambda: result._ready is not None, "a process")
    return result


def pid_of(ready: standby.Standby) -> int:
    assert ready._ready is not None
    return ready._ready.child.pid


def is_gone(pid: int) -> bool:
    """Ended, and reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_job_is_given_to_the_process_that_waits_and_its_output_is_the_job_s_log(
    ready: standby.Standby, tmp_path: Path
) -> None:
    log = tmp_path / "jobs" / "log.txt"
    child = ready.take(3, 2, log)
    assert child is not None
    assert ready.take(4, 1, log) is None, "there is one at a time"
    assert run_alone(child.ended(within=60))
    run_alone(child.end())
    ready.close()
    assert child.exit_code == 0
    head, given = log.read_text().splitlines()
    assert head.startswith("--- attempt 2")
    assert given == "given (3, 2)"


def test_one_that_waits_looks_whether_more_is_to_be_loaded_until_all_is(ready: standby.Standby, tmp_path: Path) -> None:
    looks = tmp_path / "looks"
    until(lambda: looks.exists() and len(looks.read_text().split()) >= 3, "three looks")
    child = ready.take(3, 2, tmp_path / "log.txt")
    assert child is not None
    assert run_alone(child.ended(within=60))
    run_alone(child.end())
    ready.close()
    assert (child.exit_code, len(looks.read_text().split())) == (0, 3)


def test_one_that_loads_more_gets_no_job_until_it_has(
    ready: standby.Standby, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job would wait for libraries that it may not need."""
    (tmp_path / "slow").touch()
    until((tmp_path / "loads").exists, "a process that loads more")
    monkeypatch.setattr(standby, "LOADING_SECONDS", 0.1)
    pid = pid_of(ready)
    assert ready.take(3, 2, tmp_path / "log.txt") is None
    assert pid_of(ready) == pid, "it stays for the next job"
    (tmp_path / "slow").unlink()
    monkeypatch.setattr(standby, "LOADING_SECONDS", 120.0)
    child = ready.take(4, 1, tmp_path / "log.txt")
    assert child is not None
    assert child.pid == pid
    assert run_alone(child.ended(within=60))
    run_alone(child.end())
    ready.close()
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "given (4, 1)"


def test_closing_ends_it_and_nothing_starts_any_more(ready: standby.Standby, tmp_path: Path) -> None:
    pid = pid_of(ready)
    ready.close()
    assert is_gone(pid)
    assert ready.take(1, 1, tmp_path / "log.txt") is None


def test_a_log_that_cannot_be_begun_leaves_no_process_and_no_file_open(ready: standby.Standby, tmp_path: Path) -> None:
    pid, files = pid_of(ready), open_files()
    (tmp_path / "jobs").write_text("a file, where a folder has to be")
    assert ready.take(1, 1, tmp_path / "jobs" / "log.txt") is None
    assert is_gone(pid)
    assert open_files() == files - 3, "the pipe, the socket and the file for what it said"
    ready.close()


def test_one_that_ends_while_it_loads_gets_no_job_and_the_log_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fails_to_load.py").write_text("import no_such_library")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(standby, "MODULE", "fails_to_load")
    monkeypatch.setattr(standby, "LOADING_SECONDS", 120.0)
    result, log = standby.Standby(), tmp_path / "jobs" / "log.txt"
    result._start()
    assert result.take(1, 1, log) is None
    result.close()
    assert "No module named 'no_such_library'" in log.read_text()


def test_one_that_still_loads_stays_for_the_next_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loads_for_long.py").write_text("import time; time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(standby, "MODULE", "loads_for_long")
    monkeypatch.setattr(standby, "LOADING_SECONDS", 0.1)
    result = standby.Standby()
    result._start()
    pid = pid_of(result)
    assert result.take(1, 1, tmp_path / "log.txt") is None
    assert pid_of(result) == pid
    result.close()
    assert is_gone(pid)


def test_a_process_whose_taker_is_cancelled_meanwhile_is_ended(ready: standby.Standby, tmp_path: Path) -> None:
    pid, go = pid_of(ready), threading.Event()

    def take() -> ChildProcess:
        go.wait()
        child = ready.take(1, 1, tmp_path / "log.txt")
        assert child is not None
        return child

    async def cancelled() -> None:
        task = asyncio.create_task(kept(asyncio.to_thread(take)))
        for _ in range(2):  # a second time is no way around it
            await asyncio.sleep(0.05)
            task.cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_alone(cancelled())
    assert is_gone(pid)
    ready.close()


def test_a_process_that_starts_while_its_job_is_cancelled_is_ended(tmp_path: Path) -> None:
    started: list[ChildProcess] = []

    async def start() -> ChildProcess:
        started.append(ChildProcess.start(["sleep", "600"], tmp_path / "log.txt", 1))
        await asyncio.sleep(0.1)
        return started[0]

    async def cancelled() -> None:
        task = asyncio.create_task(kept(start()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_alone(cancelled())
    assert is_gone(started[0].pid)
