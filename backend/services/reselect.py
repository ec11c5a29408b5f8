"""Selecting again from a round's own samples: the way out where a selector kept nothing, or not what was wanted."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.services import events
from backend.services.access import Actor
from backend.services.parts import validate
from backend.services.rounds import get_row
from backend.values import JSON, JobStatus, Role, RoundStatus, Stage

STOPPED = (RoundStatus.failed, RoundStatus.cancelled, RoundStatus.review)


@dataclass(frozen=True)
class Stopped:
    """A round that ended without a checkpoint. `selector`: its selector, where it can select again; else None."""

    round_id: int
    number: int
    selector: JSON | None


def stopped(actor: Actor, round_id: int, *, job_id: int) -> Stopped | None:
    """Return the round if it failed, was cancelled or kept nothing, and this is its newest own job; else None."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        newest = db.scalar(select(jobs.newest_own(round_id)))
        is_over = row.status in STOPPED and (row.status is not RoundStatus.review or row.error is not None)
        if not is_over or newest != job_id:
            return None
        return Stopped(row.id, row.number, row.recipe.get("selector") if can_reselect(db, row) else None)


def reselect(actor: Actor, round_id: int, selector: JSON) -> int:
    """Give a stopped round another selector and start its select stage; return the job's id.

    `selector`: knobs that change, or a whole part with its name. Samples, judgments and decisions stay as they are; a
    dataset that was frozen but not trained on is made anew. Raises `Conflict` unless the round has ended without a
    checkpoint after judging, `InvalidInput` where the selector does not fit the trainer.
    """
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        _check(db, row)
        before = row.recipe["selector"]
        is_other = "name" in selector and selector["name"] != before["name"]
        row.recipe = validate(row.recipe | {"selector": selector if is_other else before | selector})
        db.execute(delete(tables.Dataset).where(tables.Dataset.round_id == round_id))
        row.status, row.stage, row.error, row.finished_at = RoundStatus.running, Stage.select, None, None
        job = jobs.enqueue(
            db, stage=Stage.select, project_id=row.project_id, round_id=round_id, created_by=actor.user_id
        )
        change = {"before": before, "after": row.recipe["selector"]}
        what = f"round {row.number}"
        events.note(db, actor, "select again", what, project_id=row.project_id, round_id=round_id, **change)
        return job.id


def can_reselect(db: Session, row: tables.Round) -> bool:
    """Whether the round has stopped with all its samples judged and nothing trained."""
    if row.checkpoint_id is not None or row.status not in STOPPED or "selector" not in row.recipe:
        return False
    if row.status is RoundStatus.review:
        return row.error is not None
    job = tables.Job
    # A retry's judging, of what was left out alone, says nothing of the other samples.
    judged = select(job.id).where(job.round_id == row.id, job.stage == Stage.judge, job.status == JobStatus.done)
    return db.scalar(judged.where(jobs.is_own()).limit(1)) is not None


def _check(db: Session, row: tables.Round) -> None:
    if not can_reselect(db, row):
        raise Conflict(
            f"Round {row.number} is {row.status} in the stage {row.stage}. Only a round that stopped after judging and "
            "before it had a checkpoint can select again; launch another round from its settings."
        )
