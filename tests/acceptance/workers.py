"""Real worker processes and the rows they work on, for the acceptance tests."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select

from backend import jobs
from backend.config import settings
from backend.db import reading, session, tables
from backend.values import JobStatus, Stage
from tests import rows
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A worker in a process of its own; killed at the end of the block if the test did not end it."""

    def __init__(self, queues: str = "generate,train", executor_id: str = "-", dead_after: float = 30) -> None:
        argv = [
            sys.executable,
            str(Path(__file__).with_name("worker_process.py")),
            queues,
            executor_id,
            str(dead_after),
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def ready(self) -> Self:
        assert self.process.stdout is not None
        self.executor_id = self.process.stdout.readline().strip()
        assert self.executor_id, self.errors()
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self, within: float = PATIENCE) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def errors(self) -> str:
        """All that it wrote to standard error. For a process that has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def __enter__(self) -> Self:
        return self.ready()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def make_job(stage: Stage = Stage.generate, *, prompts: int = 4, **spec: Any) -> tables.Job:
    """A job of a round of its own with so many prompts to do."""
    project = rows.make_project()
    prompt_set = rows.make_prompt_set(project, prompts=prompts)
    round_ = rows.make_round(project, sets=[prompt_set])
    with session() as db:
        return jobs.enqueue(db, stage=stage, project_id=project.id, round_id=round_.id, spec=spec)


def job(job_id: int) -> tables.Job:
    with reading() as db:
        return db.get_one(tables.Job, job_id)


def round_of(job_id: int) -> tables.Round:
    with reading() as db:
        row = db.get_one(tables.Job, job_id)
        return db.get_one(tables.Round, row.round_id)


def written(job_id: int) -> list[int]:
    """The positions of the groups that the stage wrote."""
    with reading() as db:
        row = db.get_one(tables.Job, job_id)
        selection = select(tables.Group.position).where(tables.Group.round_id == row.round_id)
        return sorted(db.scalars(selection))


def wait_status(job_id: int, status: JobStatus) -> None:
    def stands() -> str:
        row = job(job_id)
        return f"{status} of a job that is {row.status}: {row.error}\n{row.log_tail}\n"

    until(lambda: job(job_id).status == status, stands)


def open_gate() -> None:
    """Let go on what waits at `hold_at`."""
    (settings().data_dir / "gate").touch()


def pids(job_id: int) -> list[int]:
    """The processes that the job's log names."""
    path = jobs.log_path(job_id)
    text = path.read_text() if path.exists() else ""
    return [int(pid) for pid in re.findall(r"pid (\d+)", text)]


def lives(pid: int) -> bool:
    """A zombie that nobody reaped yet does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
