"""Jobs that a person starts beside the stages of rounds: imports, exports, scans, pushes, work on a round's samples.

Every worker takes from their queue (`jobs.EXPORT`).
"""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import tables
from backend.errors import NotFound, TooManyAttempts
from backend.services.access import Actor
from backend.values import JSON, Stage

MAX_WAITING = 3
"""Jobs of a kind that one person may have in the queue at once, where the kind has no number of its own."""


def enqueue(db: Session, actor: Actor, project_id: int, kind: str, spec: JSON, *, stage: Stage = Stage.select) -> int:
    """Enqueue a job and return its id. `kind`: as `stage_process` calls it; `spec`: what the job reads."""
    whose: dict[str, Any] = {"project_id": project_id, "created_by": actor.user_id}
    spec = {"kind": kind} | spec | {"via": actor.via}
    return jobs.enqueue(db, stage=stage, queue=jobs.EXPORT, spec=spec, **whose).id


def is_mine(actor: Actor, kind: str) -> tuple[Any, Any]:
    """The conditions of jobs of this kind that the actor started."""
    job = tables.Job
    return job.created_by == actor.user_id, job.spec["kind"].as_string() == kind


def refuse_too_many(db: Session, actor: Actor, kind: str, plural: str, *, most: int = MAX_WAITING) -> None:
    """Raise `TooManyAttempts` where the actor has `most` jobs of this kind. `plural`: what they are called."""
    waiting = select(func.count()).where(*is_mine(actor, kind), tables.Job.status.in_(jobs.ACTIVE))
    if (db.scalar(waiting) or 0) >= most:
        raise TooManyAttempts(f"{most} {plural} of yours are under way. Wait for one of them.")


def starter(db: Session, job: tables.Job, noun: str, way_out: str = "There is nothing left to do for it.") -> Actor:
    """Whoever started the job, as they are now; raises `NotFound` where their account is gone.

    noun, way_out: what the error calls the job, and its last sentence.
    """
    user = db.get(tables.User, job.created_by) if job.created_by is not None else None
    if user is None:
        raise NotFound(f"Whoever asked for this {noun} has no account any more. {way_out}")
    return Actor(user.id, user.name, user.is_owner, job.spec.get("via", "page"))
