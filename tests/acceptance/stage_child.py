"""A stage for the tests of the worker: one group row per prompt, asking for what is missing, as real stages do.

Run by the worker as `python stage_child.py JOB_ID ATTEMPT`. The job's spec says how fast and how it ends.
"""

import os
import signal
import subprocess
import sys
import time

from sqlalchemy import select

from backend.config import settings
from backend.db import reading, session, tables
from backend.jobs import JobProgress, enqueue, fail, fenced, finish
from backend.jobs.child import AWAY, guard
from backend.values import SetUse, Split, Stage


def main(job_id: int, attempt: int) -> None:
    guard()
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        spec, round_id = job.spec, job.round_id
    print(f"attempt {attempt} pid {os.getpid()}", flush=True)
    if "grandchild" in spec:
        print(f"grandchild pid {subprocess.Popen(['sleep', '3600']).pid}", flush=True)
    if spec.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with JobProgress(job_id, attempt, write_seconds=0.1) as progress:
        for prompt_id, position in missing(round_id, progress):
            if position == spec.get("end_at"):
                end(job_id, attempt, spec)
            if position == spec.get("hold_at") and attempt == 1:
                hold()
            time.sleep(spec.get("seconds", 0.01))
            with session() as db:
                fenced(db, job_id, attempt)
                row = tables.Group(round_id=round_id, prompt_id=prompt_id, split=Split.train, position=position)
                db.add(row)
            progress.advance()
            progress.metrics(position, {"loss": 1 / (position + 1)})
    with session() as db:
        finish(db, job_id, attempt)
        if "next" in spec:
            enqueue(db, stage=Stage(spec["next"]), project_id=job.project_id, round_id=round_id, spec={"seconds": 0})


def missing(round_id: int, progress: JobProgress) -> list[tuple[int, int]]:
    with reading() as db:
        sets = select(tables.RoundPromptSet.prompt_set_id).where(
            tables.RoundPromptSet.round_id == round_id, tables.RoundPromptSet.use == SetUse.sample
        )
        query = select(tables.Prompt).where(tables.Prompt.prompt_set_id.in_(sets))
        prompts = db.scalars(query.order_by(tables.Prompt.position)).all()
        done = set(db.scalars(select(tables.Group.prompt_id).where(tables.Group.round_id == round_id)))
    progress.start(len(prompts), "prompts", len(done))
    return [(prompt.id, prompt.position) for prompt in prompts if prompt.id not in done]


def hold() -> None:
    """Stay in the middle, so that what a test does then does not depend on how quick anybody is."""
    gate = settings().data_dir / "gate"
    while not gate.exists():
        time.sleep(0.02)


def end(job_id: int, attempt: int, spec: dict) -> None:
    if spec["how"] == "away" and attempt == 1:
        os._exit(AWAY)
    if spec["how"] == "exit":
        print("the disk is full", file=sys.stderr, flush=True)
        os._exit(3)
    if spec["how"] == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    if spec["how"] == "forget":
        os._exit(0)
    if spec["how"] == "fail":
        with session() as db:
            fail(db, job_id, attempt, error="The judge answered nonsense. Choose another judge.")
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
