"""A data folder of its own for a benchmark, and rounds run without a worker."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_folder() -> Iterator[Path]:
    """Point the settings at an empty, migrated SQLite installation; remove it afterwards."""
    import migrations
    from backend import jobs
    from backend.config import reread
    from backend.db import dispose

    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, ""
        dispose()
        reread()
        migrations.upgrade()
        jobs.prepare()
        try:
            yield Path(folder)
        finally:
            dispose()
            reread()


def run_stage(round_id: int) -> float:
    """Run the round's queued job in this process; return its seconds. Raises if it failed."""
    import time

    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.jobs import transitions
    from backend.pipeline.run import run_job

    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
    attempt = transitions.start(job.id, job.workflow_id, "bench")
    assert attempt is not None
    started = time.perf_counter()
    run_job(job.id, attempt)
    seconds = time.perf_counter() - started
    with reading() as db:
        ended = db.get_one(tables.Job, job.id)
    if ended.status.value != "done":
        raise SystemExit(f"The {job.stage} job failed: {ended.error}")
    return seconds
