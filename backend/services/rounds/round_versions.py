"""What figures of a round depend on, in few numbers: while these are the same, figures that were computed stand.

Rows are counted beside the greatest of their numbers: PostgreSQL gives numbers out before they are committed, so one
may come after a greater.
"""

from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.db import tables

Version = tuple[Any, ...]


def of_machine(db: Session, row: tables.Round) -> Version:
    """What labels and judgments of a machine depend on: they come of the round's jobs, and of imports, which are noted
    among the project's events."""
    job, event = tables.Job, tables.Event
    jobs = select(job.id, job.status, job.attempt, job.done, job.finished_at).where(job.round_id == row.id)
    noted = select(func.count(), func.max(event.id)).where(event.project_id == row.project_id)
    state = (row.created_at, row.status, row.stage, row.phase, row.step, str(row.counts), row.archived_at)
    return (*state, *map(tuple, db.execute(jobs.order_by(job.id))), *db.execute(noted).one())


def of_people(db: Session, row: tables.Round) -> Version:
    """What figures of a review depend on beside that: its settings, and what people did."""
    decision, answer = tables.Decision, tables.Answer
    gold, assigned, asked = tables.GoldItem, tables.Assignment, tables.RoundReviewer
    counts = (
        select(func.count(), func.max(decision.id)).where(decision.round_id == row.id),
        select(func.count(), func.max(answer.id), func.sum(case((answer.is_standing, 1), else_=0))).where(
            answer.round_id == row.id
        ),
        select(func.count(), func.max(gold.created_at)).where(gold.round_id == row.id),
        select(func.count(), func.max(assigned.created_at)).where(assigned.round_id == row.id),
        select(func.count(), func.sum(asked.quota), func.max(asked.paused_at)).where(asked.round_id == row.id),
    )
    return (str(row.review), row.is_blind, *(tuple(db.execute(count).one()) for count in counts))
