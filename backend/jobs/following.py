"""Follows the child process of a job or of a helper until it has ended, or has to."""

import asyncio
import logging
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from backend.jobs import endings, helping, logs, transitions
from backend.jobs.process import ChildProcess
from backend.values import JobStatus

log = logging.getLogger("rondo.jobs")

LOOK_SECONDS = 0.3
LINGER_SECONDS = 10.0
"""How long a child may take to exit after it wrote its result."""


async def follow_helper(child: ChildProcess, helper_id: int, path: Path) -> bool:
    """Return when the child has ended, or has to; False where it was sent away."""
    written: str | None = None
    while not await child.ended(within=LOOK_SECONDS):
        tail = await asyncio.to_thread(logs.tail, path)
        try:
            if not await asyncio.to_thread(helping.look, helper_id):
                return False
            if tail != written:
                await asyncio.to_thread(helping.write_log_tail, helper_id, tail, process_id=child.pid)
                written = tail
        except SQLAlchemyError:
            log.warning("The database did not answer; helper %s goes on.", helper_id, exc_info=True)
    return True


async def follow(child: ChildProcess, job_id: int, attempt: int) -> None:
    """Return when the child has ended, or has to."""
    lingered = 0.0
    written: str | None = None
    while not await child.ended(within=LOOK_SECONDS):
        try:
            tail = await asyncio.to_thread(endings.log_tail, job_id, attempt)
            status = await asyncio.to_thread(transitions.look, job_id, attempt)
            if tail != written and status is not None:
                await asyncio.to_thread(transitions.write_log_tail, job_id, attempt, tail, process_id=child.pid)
                written = tail
        except SQLAlchemyError:
            log.warning("The database did not answer; job %s goes on.", job_id, exc_info=True)
            continue
        if status is None or status in (JobStatus.queued, JobStatus.cancelled):
            return
        lingered = lingered + LOOK_SECONDS if status != JobStatus.running else 0.0
        if lingered > LINGER_SECONDS:
            return
