"""Repairing a sample: one line of instruction, and the round's policy rewrites its text in a background job."""

import secrets
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import events, file_jobs
from backend.services.access import Actor, require
from backend.services.rounds import hold_row, review_scope
from backend.services.samples import visibility
from backend.values import JobStatus, Role, RoundStatus, Stage

KIND = "repair"
MAX_INSTRUCTION = 2_000
MAX_WAITING = 5
"""Repairs that one person may have in the queue at once."""


@dataclass(frozen=True)
class Repair:
    """A rewrite that was asked for. `text` is there once its job is done; `ahead` jobs wait before it until then."""

    job_id: int
    sample_id: int
    instruction: str
    status: JobStatus
    text: str | None
    finish_reason: str
    error: str | None
    ahead: int

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, sample_id: int, instruction: str) -> int:
    """Ask the round's policy to rewrite a sample; returns the job's id. Asking again gives another rewrite.

    A rewrite tells what it was made of. Raises `PermissionDenied` for a sample that a blind review hides, and
    `Conflict` for one that people do not decide on; where the hint of a question is hidden, the policy does not get it.
    """
    words = " ".join(instruction.replace("\x00", " ").split())
    if not words:
        raise InvalidInput("The instruction is empty. Say in a line what to change.")
    if len(words) > MAX_INSTRUCTION:
        raise InvalidInput(f"The instruction has over {MAX_INSTRUCTION:,} characters. Shorten it.")
    with session() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = hold_row(db, actor, sample.round_id, Role.reviewer)
        if round_.status is not RoundStatus.review:
            raise Conflict(f"Round {round_.number} is not in review, so its samples are no longer repaired.")
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse_hidden(kept, round_, sample)
        review_scope.refuse_others(db, round_, sample_id)
        file_jobs.refuse_too_many(db, actor, KIND, "repairs", most=MAX_WAITING)
        spec = {
            "kind": KIND,
            "sample_id": sample_id,
            "checkpoint_id": round_.policy_id,
            "instruction": words,
            "seed": secrets.randbelow(2**31),
            "hides_hint": kept.judge and db.get_one(tables.Group, sample.group_id).is_stripped,
        }
        job = jobs.enqueue(db, stage=Stage.generate, project_id=round_.project_id, spec=spec, created_by=actor.user_id)
        place = {"project_id": round_.project_id, "round_id": round_.id, "sample_id": sample_id, "job_id": job.id}
        events.note(db, actor, "ask for repair", f"sample {sample_id}", instruction=words, **place)
        return job.id


def get(actor: Actor, job_id: int) -> Repair:
    """A repair the actor asked for."""
    missing = f"There is no repair {job_id} of yours. Ask for it again."
    with reading() as db:
        job = db.get(tables.Job, job_id)
        if job is None or job.spec.get("kind") != KIND or job.created_by != actor.user_id:
            raise NotFound(missing)
        require(db, actor, job.project_id, Role.reviewer)
        reply = job.spec.get("reply") or {}
        return Repair(
            job_id=job.id,
            sample_id=job.spec["sample_id"],
            instruction=job.spec["instruction"],
            status=job.status,
            text=reply.get("text"),
            finish_reason=reply.get("finish_reason", ""),
            error=job.error,
            ahead=ahead(db, job) if job.status is JobStatus.queued else 0,
        )


def ahead(db: Session, job: tables.Job) -> int:
    """Jobs of the same queue that came before and are not over."""
    other = tables.Job
    before = select(func.count()).where(other.queue == job.queue, other.status.in_(jobs.ACTIVE), other.id < job.id)
    return db.scalar(before) or 0
