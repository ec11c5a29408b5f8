"""How long each job of a round took, on which worker, and how long the round waited for people."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.errors import UnreadableRecipe
from backend.services.round_report.shapes import StageTime
from backend.services.rounds import job_steps, review_scope
from backend.values import BEFORE_REVIEW, JobStatus, RoundStatus, Stage

MOST = 200
"""Jobs that are listed; a round has a few, and one more for each time that something is tried again."""
KINDS = {"retry": "try again what was left out", "tune": "try changes out"}


def times(db: Session, row: tables.Round) -> tuple[StageTime, ...]:
    """The round's jobs, oldest first, and the review between them."""
    job, worker = tables.Job, tables.Executor
    query = (
        select(
            job.id,
            job.stage,
            job.step,
            job.status,
            job.spec["kind"].as_string(),
            job.executor_id,
            worker.host,
            job.started_at,
            job.finished_at,
            job.attempt,
            job.error,
        )
        .outerjoin(worker, worker.id == job.executor_id)
        .where(job.round_id == row.id)
        .order_by(job.id)
        .limit(MOST)
    )
    known = job_steps.places_of(db, [row.id])
    stages: list[StageTime] = []
    waited = False
    try:
        gate = review_scope.gate_of(row)
        waits = row.is_reviewed and not review_scope.begins_after_people(row)
    except UnreadableRecipe:
        gate, waits = None, row.is_reviewed
    for id_, stage, step, status, kind, who, host, started, finished, attempt, error in db.execute(query):
        is_after = stage not in BEFORE_REVIEW if gate is None else (stage is Stage.evaluate or (step or 0) >= gate)
        if waits and is_after and not waited and kind is None:
            waited = True
            stages += _review(stages, started)
        what = KINDS.get(kind or "", "") or job_steps.line(known, row.id, stage, step) or str(stage)
        seconds = ((finished or now()) - started).total_seconds() if started else None
        first = (error or "").split("\n")[0]
        stages.append(
            StageTime(
                id_,
                what,
                stage,
                status,
                who or "",
                host or "",
                started,
                finished,
                seconds,
                attempt,
                first,
            )
        )
    if row.status is RoundStatus.review and not waited:
        stages += _review(stages, None)
    return tuple(stages)


def _review(before: list[StageTime], until: object) -> list[StageTime]:
    """The time from the end of the job before; empty where none had ended."""
    ended = [stage.finished_at for stage in before if stage.finished_at is not None]
    if not ended:
        return []
    start = max(ended)
    end = until if until is None else max(start, until)  # type: ignore[call-overload]
    seconds = ((end or now()) - start).total_seconds()
    is_over = JobStatus.done if end is not None else None
    return [StageTime(None, "wait for people", Stage.review, is_over, "", "", start, end, seconds, 1, "")]
