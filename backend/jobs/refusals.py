"""Why no job may be queued for a round or a project; and which jobs are a round's own."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from backend.db.tables import Job, Project, Round
from backend.errors import Conflict
from backend.values import RoundStatus

BESIDE = "retry"
"""The kind of a job that runs beside its round, whose status it leaves alone: trying again what was left out."""


def is_beside(job: Job) -> bool:
    """Whether a job runs beside its round."""
    return bool(job.spec.get("kind") == BESIDE)


def is_own(job: Any = Job) -> ColumnElement[bool]:
    """Whether a job is a step of its round and does not run beside it, as a column. `job`: the table or its alias."""
    return func.coalesce(job.spec["kind"].as_string(), "") != BESIDE


def newest_own(round_id: Any) -> ScalarSelect[int]:
    """The id of the round's newest own job, as a column: it alone can go on. `round_id`: a value or a column."""
    job = aliased(Job, name="own_job")
    return select(func.max(job.id)).where(job.round_id == round_id, is_own(job)).scalar_subquery()


def refuse_second(db: Session, round_id: int | None) -> None:
    """Raise `Conflict` while the round has a job that is queued or runs."""
    if round_id is None:
        return
    other = db.scalar(select(Job).where(Job.active_key == round_id))
    if other is not None:
        raise Conflict(f"Job {other.id} ({other.stage}) of this round is {other.status}. Cancel it or wait.")


def refuse_trashed(db: Session, project_id: int) -> None:
    """Raise `Conflict` where the project, or the round that stands for it, is in the trash.

    Locks the project against going there meanwhile: whoever puts it there looks for jobs under its lock.
    """
    query = select(Project.trashed_at, Project.trash_of_id).where(Project.id == project_id)
    row = db.execute(query.with_for_update(read=True, key_share=True)).one_or_none()
    if row is not None and row.trashed_at is not None:
        what = "project" if row.trash_of_id is None else "round"
        raise Conflict(f"The {what} is in the trash, so nothing is done for it. Bring it back first.")


def refuse_away(db: Session, round_id: int | None) -> None:
    """Raise `Conflict` for a round in an archive or in the trash."""
    if round_id is None:
        return
    query = select(Round.number, Round.archived_at, Project.trash_of_id).join(Project, Project.id == Round.project_id)
    row = db.execute(query.where(Round.id == round_id)).one_or_none()
    if row is not None and row.archived_at is not None:
        raise Conflict(f"Round {row.number} is archived, so nothing is done for it. Restore it on its page first.")
    if row is not None and row.trash_of_id is not None:  # it went there since the caller read whose it is
        raise Conflict(f"Round {row.number} is in the trash, so nothing is done for it. Bring it back first.")


def refuse_superseded(db: Session, job: Job) -> None:
    """Raise `Conflict` where the round has a newer job of its own."""
    newest = db.scalar(select(newest_own(job.round_id))) if job.round_id is not None else None
    if newest is not None and newest > job.id:
        raise Conflict(f"The round went on after job {job.id}. Resume its newest job, {newest}, instead.")


def refuse_in_review(db: Session, job: Job) -> None:
    """Raise `Conflict` while the job's round waits for people; locks the round, so that it stays as it is."""
    round_ = db.execute(select(Round.number, Round.status).where(Round.id == job.round_id).with_for_update()).first()
    if round_ is not None and round_.status is RoundStatus.review:
        raise Conflict(
            f"Round {round_.number} waits for people, and job {job.id} would do the same again. Decide on samples on "
            "the Review page and close the review: that starts the next job."
        )
