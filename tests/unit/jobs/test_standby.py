"""The process that waits for a job: it gets one, and ends where its worker has none for it any more."""

import asyncio
import os
from pathlib import Path

import pytest

from backend.jobs import standby
from tests.waiting import until

ROOT = Path(__file__).parents[3]
WAITS = """
import sys
from backend.jobs import child, standby
child.guard()
print("given", standby.wait_for_job(int(sys.argv[2])))
"""


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> standby.Standby:
    (tmp_path / "waits_for_a_job.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(standby, "MODULE", "waits_for_a_job")
    made = standby.Standby()
    made.prepare(0)
    until(lambda: made._ready is not None, "a process")
    return made


def test_a_job_is_given_to_the_process_that_waits_and_its_output_is_the_job_s_log(
    ready: standby.Standby, tmp_path: Path
) -> None:
    log = tmp_path / "jobs" / "log.txt"
    child = ready.take(3, 2, log)
    assert child is not None
    assert ready.take(4, 1, log) is None, "there is one at a time"
    assert asyncio.run(child.ended(within=60))
    asyncio.run(child.end())
    ready.close()
    assert child.exit_code == 0
    head, given = log.read_text().splitlines()
    assert head.startswith("--- attempt 2")
    assert given == "given (3, 2)"


def test_closing_ends_it_and_nothing_starts_any_more(ready: standby.Standby, tmp_path: Path) -> None:
    assert ready._ready is not None
    pid = ready._ready[0].pid
    ready.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert ready.take(1, 1, tmp_path / "log.txt") is None
