"""Training processes that need not load torch, transformers and TRL: forked from one process that holds them.

A training's own process starts in some ten seconds, nearly all of them imports. Rounds of recipes wait for many of them,
so in most tests the process that `backend.pipeline.train` starts is forked instead of begun anew; what it runs, its log
and its exit code are the same. The worker's tests, in which whole processes are killed, start them as the product does.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from backend.engines import _model_check
from backend.engines._model_lines import lines
from backend.errors import TrainerError
from backend.jobs.child import POLL_SECONDS, describe_exit
from backend.jobs.logs import last_lines, tail
from backend.pipeline import train as training

LOOKS = min(POLL_SECONDS, 0.05)
_servers = multiprocessing.get_context("forkserver")
_servers.set_forkserver_preload(["tests.preloaded"])


def start(spec: Path, log: Path) -> BaseProcess:
    """Begin `python -m backend.trainers SPEC`, its output added to the log."""
    mask = os.umask(0)
    os.umask(mask)
    process = _servers.Process(target=train, args=(str(spec), str(log), dict(os.environ), mask), daemon=True)
    process.start()
    return process


def run_grandchild(argv: Sequence[str], *, log: Path, while_running: Callable[[], None] = lambda: None) -> None:
    """As `backend.jobs.child.run_grandchild`, for trainings alone."""
    assert list(argv[:-1]) == [sys.executable, "-m", "backend.trainers"], argv
    process = start(Path(argv[-1]), log)
    try:
        while process.is_alive():
            process.join(LOOKS)
            while_running()
        while_running()
    finally:
        process.kill()
        process.join()
    if process.exitcode != 0:
        assert process.exitcode is not None
        how = describe_exit(process.exitcode)
        raise TrainerError(f"The training process {how} Its last lines:\n{last_lines(tail(log))}")


def train(spec: str, log: str, environment: dict[str, str], mask: int) -> None:
    """In the forked process: be what the command line would be, and end as it would."""
    from backend.config import reread
    from backend.trainers.__main__ import main, report

    os.umask(mask)
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(opened, 1)
    os.dup2(opened, 2)
    os.environ.clear()
    os.environ.update(environment)
    reread()
    code = 0
    try:
        main(spec)
    except BaseException as error:
        report(type(error), error, error.__traceback__ or sys.exc_info()[2])  # type: ignore[arg-type]
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@pytest.fixture(autouse=True)
def forked_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "run_grandchild", run_grandchild)


@pytest.fixture(autouse=True)
def checks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are checked in this process, half a second less each: what tests make is not hostile.

    A module whose models are overrides this fixture.
    """
    monkeypatch.setattr(_model_check, "run", lines)
