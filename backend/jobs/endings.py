"""What becomes of a job whose process has ended."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from backend.db.away import is_away
from backend.jobs import helping, logs, transitions
from backend.values import JobStatus

log = logging.getLogger("rondo.jobs")

T = TypeVar("T")
LOOK_SECONDS = 0.3
MAX_PAUSE_SECONDS = 60.0


async def begin_again(job_id: int, attempt: int, workflow_id: str) -> None:
    """Queue the job again as soon as the database is back; it counts as lost, so not for ever.

    Its log's tail is kept. A job that finds the database away again waits longer each time: too many connections and a
    wrong password look the same.
    """
    losses = await answered(job_id, lambda: _written(job_id, attempt))
    await asyncio.sleep(pause_seconds(losses))
    await answered(job_id, lambda: transitions.take_over(job_id, workflow_id, was_away=True))


def pause_seconds(losses: int) -> float:
    """How long a job waits that was lost so many times in a row before: 0, 2, 4, 8, ... seconds."""
    return min(2.0**losses, MAX_PAUSE_SECONDS) if losses else 0.0


async def answered(job_id: int, ask: Callable[[], T]) -> T:
    """Ask until the database is not away; raises what else it says: the keeper finds the job then."""
    is_told = False
    while True:
        try:
            return await asyncio.to_thread(ask)
        except SQLAlchemyError as error:
            if not is_away(error):
                raise
            if not is_told:
                log.warning("The database is away; job %s is looked after once it is back. %s", job_id, error)
            is_told = True
        await asyncio.sleep(LOOK_SECONDS)


def _written(job_id: int, attempt: int) -> int:
    transitions.write_log_tail(job_id, attempt, log_tail(job_id, attempt), process_id=None)
    return transitions.losses(job_id)


def log_tail(job_id: int, attempt: int) -> str:
    """What the job's processes printed last, those of its helpers below its own."""
    return logs.tail(logs.log_path(job_id)) + helping.tails(job_id, attempt)


def record(job_id: int, attempt: int, how: str) -> None:
    """Keep the log's tail; a child that ended without a word of its own has failed."""
    tail = logs.tail(logs.log_path(job_id))
    transitions.write_log_tail(job_id, attempt, tail + helping.tails(job_id, attempt), process_id=None)
    if transitions.look(job_id, attempt) == JobStatus.running:
        transitions.fail_silently_ended(job_id, attempt, how=how, tail=tail)
