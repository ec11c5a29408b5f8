"""What becomes of a job whose process has ended."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from backend.jobs import helping, logs, transitions
from backend.values import JobStatus

LOOK_SECONDS = 0.3


async def begin_again(job_id: int, workflow_id: str) -> None:
    """Queue the job again as soon as the database is back; it counts as lost, so not for ever."""
    while True:
        try:
            await asyncio.to_thread(transitions.take_over, job_id, workflow_id)
            return
        except SQLAlchemyError:
            await asyncio.sleep(LOOK_SECONDS)


def log_tail(job_id: int, attempt: int) -> str:
    """What the job's processes printed last, those of its helpers below its own."""
    return logs.tail(logs.log_path(job_id)) + helping.tails(job_id, attempt)


def record(job_id: int, attempt: int, how: str) -> None:
    """Keep the log's tail; a child that ended without a word of its own has failed."""
    tail = logs.tail(logs.log_path(job_id))
    transitions.write_log_tail(job_id, attempt, tail + helping.tails(job_id, attempt), process_id=None)
    if transitions.look(job_id, attempt) == JobStatus.running:
        transitions.fail_silently_ended(job_id, attempt, how=how, tail=tail)
