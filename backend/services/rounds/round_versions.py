"""What figures of a round depend on, in few numbers: while these are the same, figures that were computed stand.

Rows are counted beside the greatest of their numbers: PostgreSQL gives numbers out before they are committed, so one
may come after a greater.
"""

from typing import Any

from sqlalchemy import bindparam, case, func, select, true
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, run

Version = tuple[Any, ...]


def of_machine(db: Session, row: tables.Round) -> Version:
    """What labels and judgments of a machine depend on: they come of the round's jobs, and of imports, which are noted
    among the project's events."""
    job = tables.Job
    jobs = select(job.id, job.status, job.attempt, job.done, job.finished_at).where(job.round_id == row.id)
    state = (row.created_at, row.status, row.stage, row.phase, row.step, str(row.counts), row.archived_at)
    noted = run(db, _noted(), {"project_id": row.project_id}).one()
    return (*state, *map(tuple, db.execute(jobs.order_by(job.id))), *noted)


def of_people(db: Session, row: tables.Round) -> Version:
    """What figures of a review depend on beside that: its settings, and what people did."""
    return (str(row.review), row.is_blind, *run(db, _what_people_did(), {"round_id": row.id}).one())


@built_once
def _noted() -> Any:
    event = tables.Event
    return select(func.count(), func.max(event.id)).where(event.project_id == bindparam("project_id"))


@built_once
def _what_people_did() -> Any:
    """One row, by one statement: there are five tables."""
    decision, answer = tables.Decision, tables.Answer
    gold, assigned, asked = tables.GoldItem, tables.Assignment, tables.RoundReviewer
    standing = func.sum(case((answer.is_standing, 1), else_=0))
    counted: tuple[tuple[Any, ...], ...] = (
        (decision, func.max(decision.id)),
        (answer, func.max(answer.id), standing),
        (gold, func.max(gold.created_at)),
        (assigned, func.max(assigned.created_at)),
        (asked, func.sum(asked.quota), func.max(asked.paused_at)),
    )
    first, *others = [
        select(func.count(), *columns).where(table.round_id == bindparam("round_id")).subquery()
        for table, *columns in counted
    ]
    joined: Any = first
    for other in others:
        joined = joined.join(other, true())
    return select(*(column for part in (first, *others) for column in part.c)).select_from(joined)
