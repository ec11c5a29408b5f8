"""A stage's own program: followed while it runs, ended with what stops the stage, its end told in words."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.errors import Cancelled, TrainerError
from backend.jobs.child import PARENT_PIPE, describe_exit, run_grandchild

ROOT = Path(__file__).parents[3]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_goes_to_the_log_and_the_last_look_sees_the_end(tmp_path: Path) -> None:
    log, looks = tmp_path / "log.txt", []
    run_grandchild(python("print('trained')"), log=log, while_running=lambda: looks.append(log.read_text()))
    assert looks[-1] == "trained\n"


def test_bad_end_carries_the_last_lines(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"ended with exit code 4\. Its last lines:\nno memory"):
        run_grandchild(python("import sys; print('no memory'); sys.exit(4)"), log=tmp_path / "log.txt")


def test_program_ends_when_the_stage_is_cancelled(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def cancelled() -> None:
        if pid.exists() and pid.read_text():
            raise Cancelled

    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(Cancelled):
        run_grandchild(python(code), log=tmp_path / "log.txt", while_running=cancelled)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (3, "ended with exit code 3."),
        (-15, "was killed by SIGTERM."),
        (-9, "was killed (SIGKILL), which"),
        (-250, "signal 250"),
    ],
)
def test_exit_is_told_in_words(code: int, says: str) -> None:
    assert says in describe_exit(code)


def test_guard_kills_its_group_when_the_pipe_closes() -> None:
    code = "from backend.jobs.child import guard; guard(); print('on', flush=True); import time; time.sleep(60)"
    theirs, ours = os.pipe()
    environment = os.environ | {PARENT_PIPE: "0", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        python(code), stdin=theirs, stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    os.close(theirs)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        os.close(ours)
        assert process.wait(50) == -signal.SIGKILL  # it would sleep for sixty
