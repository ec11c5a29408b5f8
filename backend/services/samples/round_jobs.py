"""Jobs that a curator starts to work through a round's samples: at most one of each kind at a time."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import session, tables
from backend.errors import Conflict
from backend.services import archived, events, file_jobs
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.values import JobStatus, Role


@dataclass(frozen=True)
class RoundWork:
    """A kind of such jobs. `verb`: what the audit trail says; `doing`: what one does."""

    kind: str
    """`stage_process` has its own copy, so that it starts without importing the module that does the work."""
    verb: str
    doing: str


@dataclass(frozen=True)
class RoundJob:
    """A job that works through a round's samples, and how far it is."""

    job_id: int
    status: JobStatus
    done: int
    total: int
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def fields(job: tables.Job) -> tuple[int, JobStatus, int, int, str | None]:
    """The fields of `RoundJob`, in their order."""
    return job.id, job.status, job.done, job.total, job.error


def start(actor: Actor, round_id: int, work: RoundWork) -> int:
    """Enqueue a job of this kind and return its id. For curators. Raises `Conflict` while another is under way."""
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse_id(db, round_id)
        db.refresh(round_, with_for_update=True)  # one at a time
        archived.refuse_trashed(db, round_)
        last = newest(db, round_, work)
        if last is not None and last.status in jobs.ACTIVE:
            raise Conflict(f"Job {last.id} {work.doing} already. Wait for its end.")
        job_id = file_jobs.enqueue(db, actor, round_.project_id, work.kind, {"round_id": round_id})
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, work.verb, f"round {round_.number}", **place, job_id=job_id)
        return job_id


def newest(db: Session, round_: tables.Round, work: RoundWork, status: JobStatus | None = None) -> tables.Job | None:
    """The round's last job of this kind, of those with a status where one is given; None before the first."""
    job = tables.Job
    here = (job.project_id == round_.project_id, job.round_id.is_(None), job.spec["kind"].as_string() == work.kind)
    query = select(job).where(*here, job.spec["round_id"].as_integer() == round_.id)
    query = query if status is None else query.where(job.status == status)
    return db.scalar(query.order_by(job.id.desc()).limit(1))
